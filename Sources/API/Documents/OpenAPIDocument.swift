/// The OpenAPI 3.1 text of a list of routes: paths, parameters with bounds and defaults, bodies, answers with
/// schemas and examples, and the token. Named schemas are printed once, under `components`, in order of first mention.
import Base
import Wire

struct OpenAPIDocument {
  private let routes: [Route]
  private let version: String
  private var named: [(name: String, fields: [Schema.Field])] = []
  private var bodies: [BodySchema] = []

  init(_ routes: [Route], version: String) {
    self.routes = routes
    self.version = version
  }

  /// Appends the document.
  mutating func write(_ json: inout JSONWriter) {
    json.beginObject()
    json.pair("openapi", "3.1.0")
    json.key("info")
    json.beginObject()
    json.pair("title", APIText.title)
    json.pair("description", APIText.about)
    json.pair("version", version)
    json.endObject()
    json.key("paths")
    json.beginObject()
    var done: [String] = []
    for route in routes where !done.contains("\(route.path)") {
      done.append("\(route.path)")
      json.key("\(route.path)")
      json.beginObject()
      for method in routes where "\(method.path)" == "\(route.path)" { operation(method, &json) }
      json.endObject()
    }
    json.endObject()
    components(&json)
    OpenAPIDocument.security(&json)
    json.endObject()
  }

  /// Nothing or the token, as the daemon is configured.
  private static func security(_ json: inout JSONWriter) {
    json.key("security")
    json.beginArray()
    json.beginObject()
    json.endObject()
    json.beginObject()
    json.key(APIText.scheme)
    json.beginArray()
    json.endArray()
    json.endObject()
    json.endArray()
  }

  private mutating func operation(_ route: Route, _ json: inout JSONWriter) {
    json.key("\(route.method.text)".lowercased())
    json.beginObject()
    json.pair("summary", route.summary)
    json.pair("description", route.about)
    json.pair("operationId", route.name)
    if !route.parameters.isEmpty {
      json.key("parameters")
      json.beginArray()
      for parameter in route.parameters { OpenAPIDocument.parameter(parameter, &json) }
      json.endArray()
    }
    if let body = route.body { request(body, &json) }
    json.key("responses")
    json.beginObject()
    let answers =
      route.answers + (route.isOpen ? [] : [APIText.unauthorized])
      + (route.canRefuse ? [APIText.refusal] : [])
    for answer in answers where answer.status < 300 { self.answer(answer, &json) }
    if route.isTagged {
      json.key("304")
      json.beginObject()
      json.pair("description", APIText.notModified)
      json.endObject()
    }
    for answer in answers.sorted(by: { $0.status < $1.status }) where answer.status >= 300 {
      self.answer(answer, &json)
    }
    answer(APIText.otherError, key: "4XX", &json)
    json.endObject()
    if route.isOpen {
      json.key("security")
      json.beginArray()
      json.endArray()
    }
    json.endObject()
  }

  private mutating func request(_ body: BodySchema, _ json: inout JSONWriter) {
    if !bodies.contains(where: { $0.name == body.name }) { bodies.append(body) }
    json.key("requestBody")
    json.beginObject()
    json.key("required")
    json.bool(true)
    json.key("content")
    json.beginObject()
    json.key("application/json")
    json.beginObject()
    json.key("schema")
    json.beginObject()
    json.pair("$ref", "#/components/schemas/\(body.name)")
    json.endObject()
    json.key("example")
    json.raw(text: body.example)
    json.endObject()
    json.endObject()
    json.endObject()
  }

  private static func body(_ body: BodySchema, _ json: inout JSONWriter) {
    json.beginObject()
    json.pair("type", "object")
    json.key("properties")
    json.beginObject()
    for field in body.fields {
      json.key(field.name)
      json.beginObject()
      let orNull = !field.isRequired
      switch field.kind {
      case .text(let least):
        type("string", orNull, field.about, &json)
        if least > 0 { json.pair("minLength", Int64(least)) }
      case .choice(let words):
        type("string", orNull, field.about, &json)
        json.key("enum")
        json.beginArray()
        for word in words { json.string(word) }
        if orNull { json.null() }
        json.endArray()
      case .number: type("number", orNull, field.about, &json)
      case .numbers:
        type("object", orNull, field.about, &json)
        json.key("additionalProperties")
        json.beginObject()
        type("number", true, "", &json)
        json.endObject()
      }
      json.endObject()
    }
    json.endObject()
    required(body.fields.filter(\.isRequired).map(\.name), &json)
    json.endObject()
  }

  private static func required(_ names: [String], _ json: inout JSONWriter) {
    guard !names.isEmpty else { return }
    json.key("required")
    json.beginArray()
    for name in names { json.string(name) }
    json.endArray()
  }

  private mutating func answer(_ answer: Route.Answer, key: String? = nil, _ json: inout JSONWriter) {
    json.key(key ?? "\(answer.status)")
    json.beginObject()
    json.pair("description", answer.about)
    json.key("content")
    json.beginObject()
    json.key(answer.type)
    json.beginObject()
    if let schema = answer.schema {
      json.key("schema")
      if answer.status == 400, key == nil {
        // What cannot even be read is refused before the route is asked, in a form of its own.
        write(anyOf: [schema, APIText.requestError], &json)
      } else {
        write(schema, &json)
      }
      if !answer.example.isEmpty {
        json.key("example")
        json.raw(text: answer.example)
      }
    } else {
      json.key("schema")
      json.beginObject()
      json.pair("type", "string")
      json.endObject()
      if !answer.example.isEmpty { json.pair("example", answer.example) }
    }
    json.endObject()
    json.endObject()
    json.endObject()
  }

  private static func parameter(_ parameter: Parameter, _ json: inout JSONWriter) {
    json.beginObject()
    json.pair("name", parameter.name)
    json.pair("in", parameter.place == .path ? "path" : "query")
    json.key("required")
    json.bool(parameter.place == .path)
    json.pair("description", parameter.about)
    json.key("schema")
    json.beginObject()
    let isQuery = parameter.place == .query
    switch parameter.kind {
    case .integer(let initial, let least, let most):
      json.pair("type", "integer")
      if let least { json.pair("minimum", least) }
      if let most { json.pair("maximum", most) }
      if isQuery { json.pair("default", initial) }
    case .number(let initial, let least, let most):
      json.pair("type", "number")
      if let least { json.pair("minimum", least) }
      if let most { json.pair("maximum", most) }
      if isQuery { json.pair("default", initial) }
    case .flag(let initial):
      json.pair("type", "boolean")
      if isQuery {
        json.key("default")
        json.bool(initial)
      }
    case .text(let initial):
      json.pair("type", "string")
      if isQuery { json.pair("default", "\(initial)") }
    }
    json.endObject()
    json.endObject()
  }

  private mutating func components(_ json: inout JSONWriter) {
    json.key("components")
    json.beginObject()
    json.key("schemas")
    json.beginObject()
    // Writing a schema may name further ones, which are appended behind it.
    var index = 0
    while index < named.count {
      json.key(named[index].name)
      object(named[index].fields, &json)
      index += 1
    }
    for body in bodies {
      json.key(body.name)
      OpenAPIDocument.body(body, &json)
    }
    json.endObject()
    json.key("securitySchemes")
    json.beginObject()
    json.key(APIText.scheme)
    json.beginObject()
    json.pair("type", "http")
    json.pair("scheme", "bearer")
    json.pair("description", APIText.schemeAbout)
    json.endObject()
    json.endObject()
    json.endObject()
  }

  // MARK: Schemas

  private mutating func write(_ schema: Schema, _ json: inout JSONWriter) {
    if case .object(let name?, let fields) = schema {
      if !named.contains(where: { $0.name == name }) { named.append((name, fields)) }
      json.beginObject()
      json.pair("$ref", "#/components/schemas/\(name)")
      json.endObject()
      return
    }
    if case .object(nil, let fields) = schema { return object(fields, &json) }
    json.beginObject()
    members(schema, orNull: false, &json)
    json.endObject()
  }

  private mutating func write(anyOf schemas: [Schema], _ json: inout JSONWriter) {
    json.beginObject()
    json.key("anyOf")
    json.beginArray()
    for schema in schemas { write(schema, &json) }
    json.endArray()
    json.endObject()
  }

  private mutating func members(_ schema: Schema, orNull: Bool, _ json: inout JSONWriter) {
    switch schema {
    case .text(let about): OpenAPIDocument.type("string", orNull, about, &json)
    case .integer(let about): OpenAPIDocument.type("integer", orNull, about, &json)
    case .number(let about): OpenAPIDocument.type("number", orNull, about, &json)
    case .flag(let about): OpenAPIDocument.type("boolean", orNull, about, &json)
    case .choice(let words, let about):
      OpenAPIDocument.type("string", orNull, about, &json)
      json.key("enum")
      json.beginArray()
      for word in words { json.string(word) }
      if orNull { json.null() }
      json.endArray()
    case .list(let element, let about):
      OpenAPIDocument.type("array", orNull, about, &json)
      json.key("items")
      write(element, &json)
    case .map(let value, let about):
      OpenAPIDocument.type("object", orNull, about, &json)
      json.key("additionalProperties")
      write(value, &json)
    case .nullable(let inner):
      members(inner, orNull: true, &json)
    case .object:
      // Only reached below `nullable`: an object or null.
      json.key("anyOf")
      json.beginArray()
      write(schema, &json)
      json.beginObject()
      json.pair("type", "null")
      json.endObject()
      json.endArray()
    case .any(let about):
      json.pair("description", about)
    }
  }

  private static func type(_ name: String, _ orNull: Bool, _ about: String, _ json: inout JSONWriter) {
    json.key("type")
    if orNull {
      json.beginArray()
      json.string(name)
      json.string("null")
      json.endArray()
    } else {
      json.string(name)
    }
    if !about.isEmpty { json.pair("description", about) }
  }

  private mutating func object(_ fields: [Schema.Field], _ json: inout JSONWriter) {
    json.beginObject()
    json.pair("type", "object")
    json.key("properties")
    json.beginObject()
    for field in fields {
      json.key(field.name)
      write(field.schema, &json)
    }
    json.endObject()
    OpenAPIDocument.required(fields.filter(\.isRequired).map(\.name), &json)
    json.endObject()
  }
}
