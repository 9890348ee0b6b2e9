"""What came back is heard: evidence from mails, folders and Amazon SES finds its message, settles it, and stops mail to dead addresses."""
