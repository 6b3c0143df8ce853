#!/usr/bin/env python3
"""Planted bugs against the simulation's oracles: do they bite?

Copies what the simulation needs of the tree into a folder of its own, plants every bug of mutants.py in it behind a switch
(so that one build holds them all), builds, runs the seeds without any bug (nothing may be found) and then with each (the
oracle named for it must complain). Prints a table; exits 1 when a bug was missed or something was found without one, 2 when
the text a bug replaces is no longer found.

  python3 Tests/Mutations/run.py [--minutes 12] [--seeds 6] [--jobs 2] [--only N[,N...]] [--folder DIR]
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

from mutants import MUTANTS

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULES = {
    "Base": [], "Market": ["Base"], "Wire": ["Base", "CZlib"], "Hyperliquid": ["Base", "Market", "Wire"],
    "Engines": ["Base", "Market"], "Store": ["Base", "Market", "CSQLite"],
    "API": ["Base", "Market", "Wire", "Engines", "Store"],
    "Core": ["Base", "Market", "Wire", "Hyperliquid", "Engines", "Store", "API"],
    "Simulator": ["Base", "Market", "Wire", "Hyperliquid", "Core", "Store"],
}
SWITCH = """import Glibc

/// Which planted bug is awake: one build holds them all.
public enum Mutant {
  static let awake: Int = getenv("HYNOUS_MUTANT").flatMap { Int(String(cString: $0)) } ?? 0
  /// Whether the bug of this number is.
  public static func isAwake(_ number: Int) -> Bool { awake == number }
}
"""
RUNNER = """import Base
import Simulator

let words = CommandLine.arguments.dropFirst().compactMap { Int($0) }
for seed in words[1]..<(words[1] + words[2]) {
  let simulation = Simulation(Swarm.drawn(seed: UInt64(seed), length: .seconds(words[0] * 60)))
  simulation.run()
  for violation in simulation.violations {
    let text = "\\(violation)".split(separator: "\\n").first ?? ""
    print("\\(violation.oracle.rawValue)\\t\\(text)")
  }
  if !simulation.violations.isEmpty { break }
}
"""


def package():
    """The manifest of the copy."""
    targets = [f'.systemLibrary(name: "{name}", pkgConfig: "{package}")'
               for name, package in (("CSQLite", "sqlite3"), ("CZlib", "zlib"))]
    for name, imports in {**MODULES, "mutant-run": ["Base", "Simulator"]}.items():
        kind = "executableTarget" if name == "mutant-run" else "target"
        needs = ", ".join(f'"{one}"' for one in imports)
        targets.append(f'.{kind}(name: "{name}", dependencies: [{needs}], path: "Sources/{name}", swiftSettings: strict)')
    return ("// swift-tools-version: 6.2\nimport PackageDescription\n\nlet strict: [SwiftSetting] = [\n"
            '  .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"),\n'
            '  .enableUpcomingFeature("MemberImportVisibility"), .enableUpcomingFeature("InternalImportsByDefault"),\n]\n'
            'let package = Package(\n  name: "mutants",\n  targets: [\n    ' + ",\n    ".join(targets) + "\n  ]\n)\n")


def put(path, text):
    """Writes a file only when it changes, so that nothing is compiled twice."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def plant(folder):
    """Fills the folder with the tree and all bugs, asleep."""
    texts = {}
    for module in [*MODULES, "CSQLite", "CZlib"]:
        for file in (ROOT / "Sources" / module).rglob("*"):
            if file.is_file():
                texts[str(file.relative_to(ROOT / "Sources"))] = file.read_text()
    lost = []
    for number, bug in enumerate(MUTANTS, 1):
        text = texts.get(bug["file"], "")
        if text.count(bug["old"]) != 1:
            lost.append(f"{number} {bug['name']}: its text occurs {text.count(bug['old'])} times in {bug['file']}")
            continue
        text = text.replace(bug["old"], bug["new"].replace("MUTANT", f"Mutant.isAwake({number})"))
        if not re.search(r"^(public )?import Base$", text, re.M) and not bug["file"].startswith("Base/"):
            text = "import Base\n" + text
        texts[bug["file"]] = text
    if lost:
        print("\n".join(lost))
        sys.exit(2)
    texts["Base/Mutant.swift"] = SWITCH
    texts["mutant-run/main.swift"] = RUNNER
    for name, text in texts.items():
        put(folder / "Sources" / name, text)
    for file in (folder / "Sources").rglob("*"):
        if file.is_file() and str(file.relative_to(folder / "Sources")) not in texts:
            file.unlink()
    put(folder / "Package.swift", package())


def run(folder, number, minutes, seeds):
    """What the oracles said with bug `number` awake: (status, lines, seconds)."""
    began = time.monotonic()
    bug = MUTANTS[number - 1] if number else {}
    rule = bug["rare"] if "rare" in bug else (minutes, 1, seeds)
    environment = {**os.environ, "HYNOUS_MUTANT": str(number), "SWIFT_BACKTRACE": "enable=no"}
    try:
        result = subprocess.run(
            [folder / ".build/debug/mutant-run", *map(str, rule)], env=environment,
            capture_output=True, text=True, timeout=3600)
        lines, status = result.stdout.splitlines(), result.returncode
    except subprocess.TimeoutExpired:
        lines, status = [], -1
    return status, lines, time.monotonic() - began


def judge(number, outcome):
    """One line of the table; whether all is as it should be."""
    status, lines, took = outcome
    oracles = list(dict.fromkeys(line.split("\t")[0] for line in lines))
    if number == 0:
        good, what, name = status == 0 and not lines, "clean" if not lines else "FOUND", "no bug"
    else:
        bug = MUTANTS[number - 1]
        good, name = any(one in bug["oracles"] for one in oracles), bug["name"]
        what = "caught" if good else "MISSED"
    if status != 0:
        what += f" (status {status})"
    first = lines[0].split("\t")[1][:110] if lines else ""
    print(f"| {number:2} | {name} | {what} | {', '.join(oracles)} | {took:.0f} s | {first} |", flush=True)
    return good


def main():
    """Runs it all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=12, help="virtual minutes of a seed")
    parser.add_argument("--seeds", type=int, default=6, help="seeds to try until something is found")
    parser.add_argument("--jobs", type=int, default=2, help="bugs tried at once")
    parser.add_argument("--only", help="numbers of bugs, with commas")
    parser.add_argument("--folder", default=str(ROOT / ".build/mutations"), help="where the copy is kept")
    options = parser.parse_args()
    folder = pathlib.Path(options.folder)
    plant(folder)
    if shutil.which("swift") is None:
        sys.exit("swift is not there")
    build = subprocess.run(["swift", "build", "-j", "2"], cwd=folder, capture_output=True, text=True)
    if build.returncode != 0:
        print(build.stdout[-4000:])
        sys.exit("the copy does not build")
    numbers = [int(one) for one in options.only.split(",")] if options.only else range(len(MUTANTS) + 1)
    print("| # | planted bug | result | oracles | took | first complaint |\n|---|---|---|---|---|---|", flush=True)
    good = True
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        tasks = {number: pool.submit(run, folder, number, options.minutes, options.seeds) for number in numbers}
        for number, task in tasks.items():
            good = judge(number, task.result()) and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
