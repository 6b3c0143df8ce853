/// Reads the Prometheus text format 0.0.4 strictly: every family once, HELP and TYPE before its samples, samples well
/// formed and unique, counters and histograms consistent.
struct MetricsFormat {
  struct Family {
    var kind: String
    var help: String
    var samples: [(name: String, labels: [(String, String)], value: Double)] = []
  }

  struct Malformed: Error, CustomStringConvertible {
    var line: Int
    var what: String
    var description: String { "line \(line): \(what)" }
  }

  private(set) var names: [String] = []
  private(set) var families: [String: Family] = [:]

  init(_ text: String) throws {
    guard text.hasSuffix("\n") else { throw Malformed(line: 0, what: "the last line has no end") }
    var current: String?
    var series: Set<String> = []
    for (index, line) in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      func check(_ holds: Bool, _ what: String) throws {
        if !holds { throw Malformed(line: index + 1, what: "\(what): \(line)") }
      }
      if line.hasPrefix("# HELP ") {
        let parts = line.dropFirst(7).split(separator: " ", maxSplits: 1)
        try check(parts.count == 2, "HELP without text")
        let name = String(parts[0])
        try check(families[name] == nil, "HELP twice, or samples of a family apart")
        if let current { try check(families[current]?.samples.isEmpty == false, "a family without samples") }
        families[name] = Family(kind: "", help: String(parts[1]))
        names.append(name)
        current = name
        continue
      }
      let name = current ?? ""
      try check(families[name] != nil, "before the first HELP")
      if line.hasPrefix("# TYPE ") {
        try check(families[name]?.kind == "" && families[name]?.samples.isEmpty == true, "TYPE out of place")
        let parts = line.dropFirst(7).split(separator: " ")
        try check(parts.count == 2 && parts[0] == name, "TYPE of another family")
        try check(["counter", "gauge", "histogram"].contains(String(parts[1])), "unknown type")
        families[name]?.kind = String(parts[1])
        continue
      }
      try check(families[name]?.kind != "", "a sample before its TYPE")
      guard let match = line.wholeMatch(of: /([a-z_:][a-z0-9_:]*)(\{.*\})? (\S+)/),
        let value = MetricsFormat.value(String(match.3))
      else { throw Malformed(line: index + 1, what: "not a sample: \(line)") }
      let labels = try MetricsFormat.labels(String(match.2 ?? "{}"), line: index + 1)
      let allowed = families[name]?.kind == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
      try check(allowed.contains { match.1 == name + $0 }, "a sample of another family")
      try check(series.insert("\(match.1)\(labels.sorted { $0.0 < $1.0 })").inserted, "a series twice")
      families[name]?.samples.append((String(match.1), labels, value))
    }
    for name in names { try finish(name) }
  }

  /// A sample's value; the format's words for the special ones, else what a double reads.
  private static func value(_ text: String) -> Double? {
    switch text {
    case "+Inf": .infinity
    case "-Inf": -.infinity
    case "NaN": .nan
    default: text.first.map { "-0123456789".contains($0) } == true ? Double(text) : nil
    }
  }

  private static func labels(_ text: String, line: Int) throws -> [(String, String)] {
    var rest = text.dropFirst().dropLast()
    var found: [(String, String)] = []
    while !rest.isEmpty {
      guard let match = rest.prefixMatch(of: /([a-z_][a-z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(,(?=.)|$)/) else {
        throw Malformed(line: line, what: "labels: \(rest)")
      }
      guard !found.contains(where: { $0.0 == match.1 }) else {
        throw Malformed(line: line, what: "label twice")
      }
      found.append((String(match.1), String(match.2)))
      rest = rest[match.range.upperBound...]
    }
    return found
  }

  private func finish(_ name: String) throws {
    guard let family = families[name] else { return }
    func check(_ holds: Bool, _ what: String) throws {
      if !holds { throw Malformed(line: 0, what: "\(name): \(what)") }
    }
    try check(!family.samples.isEmpty, "no samples")
    try check(name.hasPrefix("hynous_"), "foreign name")
    try check(
      (family.kind == "counter") == name.hasSuffix("_total"), "counters, and they alone, end in _total")
    for suffix in ["_bucket", "_sum", "_count", "_ms", "_milliseconds", "_info_total"] {
      try check(!name.hasSuffix(suffix), "ends in \(suffix)")
    }
    for sample in family.samples {
      try check(family.kind != "counter" || sample.value >= 0, "a negative counter")
      try check(sample.value.isFinite, "a value that is none")
      for (label, _) in sample.labels { try check(label == "le" || !label.hasPrefix("__"), "label \(label)") }
    }
    if family.kind == "histogram" { try histogram(family, check) }
  }

  private func histogram(_ family: Family, _ check: (Bool, String) throws -> Void) throws {
    var last = (bound: -Double.infinity, count: 0.0)
    for sample in family.samples where sample.name.hasSuffix("_bucket") {
      let bound = MetricsFormat.value(sample.labels.first { $0.0 == "le" }?.1 ?? "")
      try check((bound ?? -.infinity) > last.bound, "bounds that do not ascend")
      try check(sample.value >= last.count, "buckets that are not cumulative")
      last = (bound ?? 0, sample.value)
    }
    try check(last.bound == .infinity, "no bucket +Inf")
    let counts = family.samples.filter { $0.name.hasSuffix("_count") }
    try check(counts.count == 1 && counts[0].value == last.count, "count is not the bucket +Inf")
    try check(family.samples.filter { $0.name.hasSuffix("_sum") }.count == 1, "not one sum")
  }

  /// The value of the only sample of `name` with these labels.
  func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
    let samples = families[name]?.samples.filter { sample in
      Dictionary(uniqueKeysWithValues: sample.labels) == labels
    }
    return samples?.count == 1 ? samples?[0].value : nil
  }
}
