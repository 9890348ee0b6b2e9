"""Two hundred people of companies around a harbour, made up by a seeded lot: the contacts of the partner in the story."""

import csv
import io
import random
from dataclasses import dataclass

FIRST = [
    "Sanne",
    "Pieter",
    "Leila",
    "Joost",
    "Marlies",
    "Daan",
    "Amira",
    "Ruben",
    "Claudia",
    "Hanna",
    "Bram",
    "Noor",
    "Els",
    "Gert",
    "Farida",
    "Tim",
    "Ilse",
    "Jan",
    "Fatima",
    "Koen",
    "Lotte",
    "Sem",
    "Yara",
    "Omar",
    "Femke",
    "Bas",
    "Inge",
    "Luuk",
    "Maud",
    "Niels",
    "Roos",
    "Stijn",
    "Tess",
    "Wout",
    "Anouk",
    "Cees",
    "Dirk",
    "Esther",
    "Floor",
    "Guus",
]
LAST = [
    "Willems",
    "Hoekstra",
    "Amrani",
    "Beek",
    "Kok",
    "Verhoef",
    "Idrissi",
    "Smit",
    "Ferrari",
    "Brouwer",
    "Kuiper",
    "Haddad",
    "Vermeer",
    "Lodewijk",
    "Benali",
    "Oosterhof",
    "Vos",
    "Jansen",
    "Bakker",
    "Visser",
    "Mulder",
    "Dekker",
    "Dijkstra",
    "Peters",
    "Hendriks",
    "Schouten",
    "Postma",
    "Kramer",
    "Groen",
    "Bosman",
]
TRADES = [
    "Logistiek",
    "Notarissen",
    "Tandzorg",
    "Installaties",
    "Transport",
    "Fysio",
    "Bouwadvies",
    "Metaal",
    "Accountants",
    "Makelaars",
    "Drukwerk",
    "Scheepsbouw",
    "Zorg",
    "Advies",
]
JOBS = ("IT manager", "Owner", "Office manager", "Practice manager", "Works manager", "Finance director")


@dataclass(frozen=True)
class Human:
    """One contact as the partner knows them."""

    email: str
    first_name: str
    last_name: str
    company: str
    job_title: str
    tracking: bool
    agreed_on: str

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


def crowd(count: int, seed: int) -> list[Human]:
    """`count` different people; the same seed gives the same people."""
    lot = random.Random(seed)
    found: dict[str, Human] = {}
    while len(found) < count:
        first, last, trade = lot.choice(FIRST), lot.choice(LAST), lot.choice(TRADES)
        email = f"{first[0]}.{last}@{last}-{trade}.example".lower()
        agreed = f"20{lot.choice((25, 26))}-{lot.randint(1, 9):02d}-{lot.randint(1, 28):02d}"
        found.setdefault(
            email, Human(email, first, last, f"{last} {trade}", lot.choice(JOBS), lot.random() < 0.7, agreed)
        )
    return list(found.values())


def as_csv(people: list[Human]) -> str:
    """The file that the partner's CRM would export."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["Email", "First name", "Last name", "Company", "Job title", "Agreed on", "Tracking"])
    for p in people:
        writer.writerow(
            [
                p.email,
                p.first_name,
                p.last_name,
                p.company,
                p.job_title,
                p.agreed_on,
                "yes" if p.tracking else "no",
            ]
        )
    return out.getvalue()
