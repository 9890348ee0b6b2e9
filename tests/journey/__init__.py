"""The whole story on a real installation: processes, pages, mail over SMTP, and what people would do with them."""
