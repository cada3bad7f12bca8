-- Sends BODY, if there is one, as JSON; prints what was measured as JSON.
local body = os.getenv("BODY")
if body then
  wrk.method = "POST"
  wrk.body = body
  wrk.headers["Content-Type"] = "application/json"
end

done = function(summary, latency)
  local errors = summary.errors
  local lost = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format('{"requests":%d,"seconds":%f,"bytes":%d,"lost":%d,"p99":%f}',
    summary.requests, summary.duration / 1e6, summary.bytes, lost, latency:percentile(99) / 1e3))
end
