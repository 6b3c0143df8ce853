/// The documentation page: plain HTML printed from the register, readable without internet and without
/// scripts.
///
/// Styles are inside the page, colours follow the reader's light or dark preference, and nothing is loaded
/// from anywhere. "Try it" is a link to the route's example request.
import Base

enum DocsPage {
  static func write(_ routes: [Route], version: String, to out: ByteBuffer) {
    out.append(head)
    out.append("<h1>")
    text(APIText.title, out)
    out.append(" <small>")
    text(version, out)
    out.append("</small></h1>\n<p>")
    text(APIText.about, out)
    out.append("</p>\n<p>Machine-readable: <a href=\"/openapi.json\">/openapi.json</a></p>\n<nav><ul>\n")
    for route in routes { entry(route, out) }
    out.append("</ul></nav>\n")
    for route in routes { section(route, out) }
    out.append(rules)
    out.append("</main></body></html>\n")
  }

  private static func entry(_ route: Route, _ out: ByteBuffer) {
    out.append("<li><a href=\"#")
    text(route.name, out)
    out.append("\"><code>")
    out.append(route.method.text)
    out.append(" ")
    text("\(route.path)", out)
    out.append("</code></a> ")
    text(route.summary, out)
    out.append("</li>\n")
  }

  private static func section(_ route: Route, _ out: ByteBuffer) {
    out.append("<section id=\"")
    text(route.name, out)
    out.append("\"><h2><span class=\"method\">")
    out.append(route.method.text)
    out.append("</span> <code>")
    text("\(route.path)", out)
    out.append("</code></h2>\n<p>")
    prose(route.about, out)
    out.append("</p>\n")
    if !route.parameters.isEmpty { parameters(route.parameters, out) }
    if let body = route.body { self.body(body, out) }
    for answer in route.answers { self.answer(answer, out) }
    if route.method == .get {
      out.append("<p><a class=\"try\" href=\"")
      text(route.example, out)
      out.append("\">try it: ")
      text(route.example, out)
      out.append("</a></p>\n")
    }
    out.append("</section>\n")
  }

  private static func parameters(_ parameters: [Parameter], _ out: ByteBuffer) {
    out.append("<table><thead><tr><th>parameter</th><th>in</th><th>value</th><th>default</th><th></th></tr>")
    out.append("</thead><tbody>\n")
    for parameter in parameters {
      out.append("<tr><td><code>")
      text(parameter.name, out)
      out.append("</code></td><td>")
      out.append(parameter.place == .path ? "path" : "query")
      out.append("</td><td>")
      text(kind(parameter), out)
      out.append("</td><td>")
      text(parameter.place == .path ? "–" : initial(parameter), out)
      out.append("</td><td>")
      prose(parameter.about, out)
      out.append("</td></tr>\n")
    }
    out.append("</tbody></table>\n")
  }

  private static func body(_ body: BodySchema, _ out: ByteBuffer) {
    out.append("<table><thead><tr><th>field of the body</th><th>value</th><th></th></tr></thead><tbody>\n")
    for field in body.fields {
      out.append("<tr><td><code>")
      text(field.name, out)
      out.append("</code></td><td>")
      text(kind(field.kind) + (field.isRequired ? "" : ", optional"), out)
      out.append("</td><td>")
      prose(field.about, out)
      out.append("</td></tr>\n")
    }
    out.append("</tbody></table>\n<pre>")
    text(PrettyJSON.text(body.example), out)
    out.append("</pre>\n")
  }

  private static func kind(_ kind: BodySchema.Kind) -> String {
    switch kind {
    case .text(let least): least > 0 ? "text, at least \(least) characters" : "text"
    case .choice(let words): words.joined(separator: ", ")
    case .number: "number"
    case .numbers: "object of numbers by coin"
    }
  }

  private static func answer(_ answer: Route.Answer, _ out: ByteBuffer) {
    out.append("<h3>")
    text("\(answer.status)", out)
    out.append(" <small>")
    prose(answer.about, out)
    out.append("</small></h3>\n")
    guard !answer.example.isEmpty else { return }
    out.append("<pre>")
    text(answer.schema == nil ? answer.example : PrettyJSON.text(answer.example), out)
    out.append("</pre>\n")
  }

  private static func kind(_ parameter: Parameter) -> String {
    switch parameter.kind {
    case .integer(_, let least, let most):
      return "integer" + range(least.map { "\($0)" }, most.map { "\($0)" })
    case .number(_, let least, let most):
      return "number" + range(least.map(plain), most.map(plain))
    case .flag: return "true or false"
    case .text: return "text"
    }
  }

  private static func initial(_ parameter: Parameter) -> String {
    switch parameter.kind {
    case .integer(let initial, _, _): return "\(initial)"
    case .number(let initial, _, _): return plain(initial)
    case .flag(let initial): return "\(initial)"
    case .text(let initial): return initial.utf8CodeUnitCount == 0 ? "empty" : "\(initial)"
    }
  }

  private static func range(_ least: String?, _ most: String?) -> String {
    switch (least, most) {
    case (let least?, let most?): return ", \(least) to \(most)"
    case (let least?, nil): return ", at least \(least)"
    case (nil, let most?): return ", at most \(most)"
    case (nil, nil): return ""
    }
  }

  private static func plain(_ value: Double) -> String {
    Int64(exactly: value).map { "\($0)" } ?? "\(value)"
  }

  /// Appends `string` as HTML text or attribute value.
  private static func text(_ string: String, _ out: ByteBuffer) {
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "&"): out.append("&amp;")
      case UInt8(ascii: "<"): out.append("&lt;")
      case UInt8(ascii: ">"): out.append("&gt;")
      case UInt8(ascii: "\""): out.append("&quot;")
      default: out.append(byte)
      }
    }
  }

  /// Appends `string` as HTML text; what stands between backquotes becomes code.
  private static func prose(_ string: String, _ out: ByteBuffer) {
    var isCode = false
    for part in string.split(separator: "`", omittingEmptySubsequences: false) {
      if isCode { out.append("<code>") }
      text(String(part), out)
      if isCode { out.append("</code>") }
      isCode.toggle()
    }
  }

  private static let head: StaticString = """
    <!doctype html>
    <html lang="en"><head><meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>hynous-data: API</title>
    <style>
    :root { --ink: #1c2024; --paper: #fcfcfd; --soft: #eef0f3; --line: #d5d9e0; --mark: #0b62a8; }
    @media (prefers-color-scheme: dark) {
      :root { --ink: #e4e7eb; --paper: #15181c; --soft: #20252b; --line: #343b44; --mark: #74b9f2; }
    }
    body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
    main { max-width: 54rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
    h1 small, h3 small { font-weight: normal; opacity: .7; font-size: .9rem; }
    h2 { margin: 0 0 .5rem; font-size: 1.15rem; }
    h3 { margin: 1rem 0 .4rem; font-size: 1rem; }
    section { margin: 2rem 0; padding-top: 1.5rem; border-top: 1px solid var(--line); }
    nav ul { list-style: none; padding: 0; }
    a { color: var(--mark); }
    code, pre { font: .9em/1.5 ui-monospace, monospace; }
    pre { background: var(--soft); padding: .9rem 1rem; border-radius: .5rem; overflow-x: auto; }
    .method { font: 600 .8rem ui-monospace, monospace; color: var(--mark); }
    table { border-collapse: collapse; width: 100%; font-size: .93rem; }
    th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; }
    tr { border-bottom: 1px solid var(--line); }
    </style></head><body><main>

    """

  private static let rules: StaticString = """
    <section id="rules"><h2>Rules for every route</h2>
    <p>Answers are JSON, errors too. Times are epoch seconds, amounts are USD. A parameter that cannot
    be taken is refused with 422 and a list of what is wrong; unknown parameters are ignored, and of a
    repeated one the last counts. An unknown path is 404, a wrong method 405 with <code>Allow</code>;
    HEAD works wherever GET does. Objects may gain keys. A request whose <code>Host</code> is neither
    this service's address nor listed in <code>server.allowed_hosts</code> is refused with 421.</p>
    <p>A body is a JSON object with a JSON content type; what cannot be taken is refused with 422 like
    parameters, unknown fields are ignored. A write is answered after it is on disk, or with 503, which
    says so when the write was only late and may still come. When a token is set, writes need <code>Authorization: Bearer</code>, reads too if <code>server.protect_reads</code>
    says so; without it they are 401. Answers from 1 KiB on are compressed when gzip is accepted; those with an
    <code>ETag</code> are 304 while nothing changed.</p></section>

    """
}
