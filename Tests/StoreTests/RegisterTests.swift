// The registers name everything there is: no table or write lies in a file that nobody lists.
import Testing

@testable import Store

private let sources = {
  var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
  parts.removeLast(3)
  return parts.joined(separator: "/") + "/Sources/Store"
}()

private func text(_ path: String) throws -> String { String(decoding: try contents(path), as: UTF8.self) }

/// The names declared as `public static let NAME = TYPE(` in `text`.
private func declared(_ type: String, in text: String) -> [String] {
  text.split(separator: "\n").compactMap { line in
    let words = line.split(separator: " ")
    guard words.count >= 6, words[0...2] == ["public", "static", "let"], words[4] == "=" else { return nil }
    return words[5].hasPrefix("\(type)(") ? String(words[3]) : nil
  }
}

/// The names listed one to a line as `.NAME,` in `text`.
private func listed(in text: String) -> [String] {
  text.split(separator: "\n").compactMap { line in
    let word = line.drop { $0 == " " }
    return word.hasPrefix(".") && word.hasSuffix(",") ? String(word.dropFirst().dropLast()) : nil
  }
}

@Suite struct RegisterTests {
  @Test func everyTableFileIsListed() throws {
    let list = listed(in: try text("\(sources)/Tables.swift"))
    let files = Scratch.list("\(sources)/Tables")
    var found: [String] = []
    for file in files {
      let names = declared("Table", in: try text("\(sources)/Tables/\(file)"))
      #expect(names.count == 1, "\(file) must declare one table")
      for name in names {
        #expect(list.contains(name), "\(file) is not listed in Tables.swift")
        #expect(file.lowercased() == "\(name).swift".lowercased())
      }
      found += names
    }
    #expect(found.sorted() == list.sorted())
    #expect(list.count == Table.all.count)
  }

  @Test func everyWriteIsListed() throws {
    let list = listed(in: try text("\(sources)/Writes.swift"))
    let found = try Scratch.list("\(sources)/Rows").flatMap {
      declared("Write", in: try text("\(sources)/Rows/\($0)"))
    }
    #expect(found.sorted() == list.sorted())
    #expect(list.count == Write.all.count)
  }

  @Test func theChecksSeeAnUnlistedEntry() {
    let text = "extension Table {\n  public static let ghosts = Table(\n    \"ghosts\")\n}\n"
    #expect(declared("Table", in: text) == ["ghosts"])
    #expect(declared("Write", in: text) == [])
    #expect(listed(in: "  [\n    .ghosts,\n    .other,\n  ]") == ["ghosts", "other"])
  }

  @Test func namesAreUniqueAndRetentionNamesWhatExists() {
    #expect(Set(Table.all.map(\.name)).count == Table.all.count)
    let indexes = Table.all.flatMap(\.indexes)
    #expect(Set(indexes.map(\.name)).count == indexes.count)
    for table in Table.all {
      let columns = table.columns.map(\.name)
      #expect(Set(columns).count == columns.count)
      for index in table.indexes {
        #expect(index.name.hasPrefix("\(table.name)_by_"))
        #expect(index.columns.allSatisfy(columns.contains))
      }
      guard let retention = table.retention else { continue }
      #expect(columns.contains(retention.column))
      for dependent in retention.dependents {
        #expect(columns.contains("address"))
        #expect(Table.all.first { $0.name == dependent }?.columns.contains { $0.name == "address" } == true)
      }
    }
  }
}
