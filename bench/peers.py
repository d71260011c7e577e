"""Loads a CSV file of market data with pandas, for bench/peers, and prints the seconds from the file to the commit.

    peers.py versions
    peers.py to_sql|multi|copy postgresql://… schema.table file.csv
"""

import io
import platform
import sys
import time

import pandas
import psycopg2
import sqlalchemy


def to_sql(frame, url, table, **options):
    schema, name = table.split(".")
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        frame.to_sql(name, connection, schema=schema, if_exists="append", index=False, **options)
    engine.dispose()


def multi(frame, url, table):
    to_sql(frame, url, table, method="multi", chunksize=1000)


def copy(frame, url, table):
    lines = io.StringIO()
    frame.to_csv(lines, index=False, header=False)
    lines.seek(0)
    columns = ", ".join(frame.columns)
    values = ", ".join(f"{c} = excluded.{c}" for c in frame.columns if c not in ("ticker", "ts"))
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE incoming (LIKE {table}) ON COMMIT DROP")
        cursor.copy_expert(f"COPY incoming ({columns}) FROM STDIN WITH (FORMAT csv)", lines)
        cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT {columns} FROM incoming ON CONFLICT (ticker, ts) DO UPDATE SET {values}"
        )
    connection.close()


def main(arguments):
    if arguments == ["versions"]:
        print(
            f"Python {platform.python_version()}, pandas {pandas.__version__}, SQLAlchemy {sqlalchemy.__version__}, "
            f"psycopg2 {psycopg2.__version__.split()[0]}"
        )
        return
    way, url, table, file = arguments
    begun = time.perf_counter()
    frame = pandas.read_csv(file, parse_dates=["ts"])
    {"to_sql": to_sql, "multi": multi, "copy": copy}[way](frame, url, table)
    print(time.perf_counter() - begun)


main(sys.argv[1:])
