import CYaml
import Core

/// Reads the YAML of a configuration into entries, with libyaml.
///
/// libyaml itself and not a Swift wrapper of it: those bring Foundation along, which alone would take 7 MB of the
/// daemon's resident memory. Two levels are all a configuration has: sections of `key: scalar or list`.
enum YAMLFile {
  /// Appends what `text` holds to `entries`, and what is wrong with it to `problems`; `path` names it in both.
  static func read(
    _ text: String, _ path: String, _ entries: inout [ConfigEntry], _ problems: inout [ConfigProblem]
  ) {
    var parser = yaml_parser_t()
    guard yaml_parser_initialize(&parser) == 1 else { preconditionFailure("out of memory") }
    defer { yaml_parser_delete(&parser) }
    var text = text
    text.withUTF8 { bytes in
      yaml_parser_set_input_string(&parser, bytes.baseAddress, bytes.count)
      var document = yaml_document_t()
      guard yaml_parser_load(&parser, &document) == 1 else {
        problems.append(problem(parser, path))
        return
      }
      collect(&document, path, &entries, &problems)
      yaml_document_delete(&document)
      guard yaml_parser_load(&parser, &document) == 1 else {
        problems.append(problem(parser, path))
        return
      }
      if yaml_document_get_root_node(&document) != nil {
        problems.append(ConfigProblem(place: path, reason: "holds more than one document"))
      }
      yaml_document_delete(&document)
    }
  }

  private static func collect(
    _ document: inout yaml_document_t, _ path: String, _ entries: inout [ConfigEntry],
    _ problems: inout [ConfigProblem]
  ) {
    guard let root = yaml_document_get_root_node(&document), !isNull(root.pointee) else { return }
    guard root.pointee.type == YAML_MAPPING_NODE else {
      problems.append(
        ConfigProblem(place: place(path, root.pointee), reason: "must hold sections with `key: value` lines"))
      return
    }
    var sections: Set<String> = []
    for (name, body) in pairs(&document, root.pointee) {
      let section = text(name)
      if !sections.insert(section).inserted {
        problems.append(ConfigProblem(place: place(path, name), reason: "section \(section) stands twice"))
      }
      guard body.type == YAML_MAPPING_NODE else {
        entries.append(
          ConfigEntry(
            section: section, key: nil, value: isNull(body) ? .null : .other, place: place(path, name)))
        continue
      }
      var keys: Set<String> = []
      for (key, value) in pairs(&document, body) {
        if !keys.insert(text(key)).inserted {
          problems.append(
            ConfigProblem(place: place(path, key), reason: "\(section).\(text(key)) stands twice"))
        }
        entries.append(
          ConfigEntry(
            section: section, key: text(key), value: node(&document, value), place: place(path, key)))
      }
    }
  }

  private static func pairs(
    _ document: inout yaml_document_t, _ mapping: yaml_node_t
  ) -> [(yaml_node_t, yaml_node_t)] {
    var found: [(yaml_node_t, yaml_node_t)] = []
    var pair = mapping.data.mapping.pairs.start
    while let at = pair, pair != mapping.data.mapping.pairs.top {
      if let key = yaml_document_get_node(&document, at.pointee.key),
        let value = yaml_document_get_node(&document, at.pointee.value)
      {
        found.append((key.pointee, value.pointee))
      }
      pair = at + 1
    }
    return found
  }

  private static func node(_ document: inout yaml_document_t, _ node: yaml_node_t) -> ConfigNode {
    if isNull(node) { return .null }
    if node.type == YAML_SCALAR_NODE { return .scalar(scalar(node)) }
    guard node.type == YAML_SEQUENCE_NODE else { return .other }
    var items: [ConfigScalar] = []
    var item = node.data.sequence.items.start
    while let at = item, item != node.data.sequence.items.top {
      guard let entry = yaml_document_get_node(&document, at.pointee)?.pointee,
        entry.type == YAML_SCALAR_NODE, !isNull(entry)
      else { return .other }
      items.append(scalar(entry))
      item = at + 1
    }
    return .list(items)
  }

  private static func scalar(_ node: yaml_node_t) -> ConfigScalar {
    ConfigScalar(text: text(node), isQuoted: node.data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
  }

  private static func text(_ node: yaml_node_t) -> String {
    guard node.type == YAML_SCALAR_NODE else { return "?" }
    let bytes = UnsafeBufferPointer(start: node.data.scalar.value, count: node.data.scalar.length)
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func isNull(_ node: yaml_node_t) -> Bool {
    node.type == YAML_SCALAR_NODE && node.data.scalar.style == YAML_PLAIN_SCALAR_STYLE
      && ["", "~", "null", "Null", "NULL"].contains(text(node))
  }

  private static func place(_ path: String, _ node: yaml_node_t) -> String {
    "\(path):\(node.start_mark.line + 1)"
  }

  private static func problem(_ parser: yaml_parser_t, _ path: String) -> ConfigProblem {
    let reason = parser.problem.map { String(cString: $0) } ?? "is not YAML"
    let line = parser.error == YAML_READER_ERROR ? nil : parser.problem_mark.line + 1
    return ConfigProblem(place: line.map { "\(path):\($0)" } ?? path, reason: reason)
  }
}
