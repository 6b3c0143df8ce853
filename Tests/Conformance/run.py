"""Runs the parts of the conformance run; started by run.sh, which see."""
import argparse
import signal
import sys
import time

import part_clients
import part_curl
import part_exchange
import part_load
import part_sockets
import service
import smuggling

PARTS = {"smuggling": smuggling.run, "curl": part_curl.run, "clients": part_clients.run,
         "load": part_load.run, "exchange": part_exchange.run,
         "sockets": part_sockets.run}


def main():
    parser = argparse.ArgumentParser(prog="run.sh", description="Holds the programs against software of others.")
    parser.add_argument("--quick", action="store_true", help="what the gate runs: less of the slow parts")
    parser.add_argument("--part", action="append", choices=list(PARTS), help="only this part; may be given again")
    parser.add_argument("--verbose", action="store_true", help="print every case")
    arguments = parser.parse_args()
    # What was started is ended, whoever ends us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    results = service.Results(arguments.verbose)
    exchange = service.Exchange()
    daemon = None
    try:
        daemon = service.on_exchange(exchange, HYNOUS_SERVER_CORS_ORIGINS="https://ui.example")
        if not daemon.is_live():
            raise SystemExit("conformance: the daemon did not get well: %s" % "".join(daemon.lines))
        for name in arguments.part or PARTS:
            began = time.monotonic()
            PARTS[name](results, daemon, exchange, arguments.quick)
            results.seconds[name] = time.monotonic() - began
    finally:
        if daemon:
            status = daemon.stop()
            results.check("service", "the daemon ends in order", status == 0, "status %s" % status)
        exchange.stop()
    results.print_table()
    sys.exit(1 if results.failed else 0)


if __name__ == "__main__":
    main()
