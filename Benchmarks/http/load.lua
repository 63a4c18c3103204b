-- For wrk: requests from a file, one for each line `token<TAB>body`, one after the other. Each thread begins elsewhere.
local requests, position, threads = {}, 0, 0

function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

function init(arguments)
    local path = arguments[2]
    for line in io.lines(arguments[1]) do
        local token, body = line:match("^(.-)\t(.*)$")
        local headers = { ["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json" }
        requests[#requests + 1] = wrk.format("POST", path, headers, body)
    end
    position = math.floor(#requests / 2) * number
end

function request()
    position = position % #requests + 1
    return requests[position]
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format("result\t%.1f\t%.3f\t%.3f\t%d\t%d\n", summary.requests / summary.duration * 1e6,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000, summary.requests,
        errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
