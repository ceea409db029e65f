"""Write the sample data: ``python make_data.py [folder]``. The same rows every time."""

from __future__ import annotations

import csv
import random
import sys
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

STATIONS = [
    (1, "Central Station", "Old Town", 40),
    (2, "Market Square", "Old Town", 24),
    (3, "Cathedral", "Old Town", 16),
    (4, "University", "North", 36),
    (5, "Botanical Garden", "North", 12),
    (6, "North Hospital", "North", 20),
    (7, "Harbour", "Riverside", 30),
    (8, "Ferry Pier", "Riverside", 14),
    (9, "Stadium", "South", 44),
    (10, "South Cemetery", "South", 8),
]
FIRST_DAY = datetime(2025, 5, 1)
DAYS = 31


def main(folder: Path) -> None:
    """Fill ``folder`` with stations.csv, weather.csv and trips.parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(2025)
    write(folder / "stations.csv", ["station_id", "name", "district", "docks"], STATIONS)
    days = [FIRST_DAY + timedelta(days=day) for day in range(DAYS)]
    write(
        folder / "weather.csv",
        ["day", "temperature", "rain_mm"],
        [(day.date(), round(chance.gauss(16, 4), 1), max(0, round(chance.gauss(0, 4), 1))) for day in days],
    )
    trips = []
    for day in days:
        for _ in range(chance.randint(30, 60)):
            start = day + timedelta(minutes=int(chance.triangular(5 * 60, 24 * 60 - 1, 17 * 60)))
            minutes = round(chance.expovariate(1 / 14)) + 2
            begin, end = chance.choice(STATIONS)[0], chance.choice(STATIONS)[0]
            trips.append((len(trips) + 1, begin, end, start, start + timedelta(minutes=minutes), chance.random() < 0.7))
    rows = folder / "trips.csv"
    write(rows, ["trip_id", "from_station", "to_station", "started_at", "ended_at", "is_member"], trips)
    with duckdb.connect() as connection:
        parquet = folder / "trips.parquet"
        connection.execute(f"COPY (SELECT * FROM read_csv('{rows}')) TO '{parquet}' (FORMAT parquet)")
    rows.unlink()


def write(path: Path, header: list[str], rows: list[tuple[object, ...]]) -> None:
    """One CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "data"))
