import Foundation

@testable import API

/// The recordings of the replaced service, which stand beside the project: `../shared/contract/golden`.
enum Contract {
  /// One recorded request and its answer.
  struct Recording {
    var file: String
    var request: JSONTree
    var response: JSONTree

    var method: String { request["method"]?.string ?? "" }
    var path: String { request["path"]?.string ?? "" }
    var status: Int { Int(response["status"]?.double ?? 0) }
    var body: JSONTree? { response["body"] }

    var headers: [(String, String)] {
      (request["headers"]?.keys ?? []).map { ($0, request["headers"]?[$0]?.string ?? "") }
    }

    func responseHeader(_ name: String) -> String? { response["headers"]?[name]?.string }
  }

  /// The folder with the recordings, if it is there.
  static let folder: URL? = {
    let shared: URL
    if let path = ProcessInfo.processInfo.environment["HYNOUS_SHARED"] {
      shared = URL(fileURLWithPath: path)
    } else {
      shared = projectRoot.deletingLastPathComponent().appendingPathComponent("shared")
    }
    let golden = shared.appendingPathComponent("contract/golden")
    if FileManager.default.fileExists(atPath: golden.path) { return golden }
    print("SKIPPED: contract recordings are not at \(golden.path); set HYNOUS_SHARED to compare with them")
    return nil
  }()

  /// The project's folder, found from this file.
  static let projectRoot = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The recordings whose file names begin with one of `prefixes`, by name.
  static func recordings(_ isWanted: (String) -> Bool) throws -> [Recording] {
    guard let folder else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      .filter { $0.hasSuffix(".json") && isWanted($0) }
      .map { file in
        let tree = try JSONTree([UInt8](Data(contentsOf: folder.appendingPathComponent(file))))
        return Recording(file: file, request: tree["request"] ?? .null, response: tree["response"] ?? .null)
      }
  }
}
