-- Prints one line for the report: requests per second, p99, p99.9 and max latency in microseconds.
done = function(summary, latency, requests)
  local rate = summary.requests / (summary.duration / 1e6)
  io.write(string.format("bench %.0f %.0f %.0f %.0f\n", rate, latency:percentile(99), latency:percentile(99.9), latency.max))
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.status + e.timeout
  if failed > 0 then
    io.stderr:write("bench: " .. failed .. " requests failed; the figure above counts for nothing\n")
  end
end
