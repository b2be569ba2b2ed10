-- Envoy's own counters under Istio's names, line by line on their way out.
--
-- Envoy counts by one key: reporter;cluster;address at the other end;code;flags. Whose an address is never changes
-- while a mesh stands, so the names are filled in here, and pods of one workload are added up.
-- Set before this: HERE (this pod's labels), SERVICE (its service), PODS (labels by address), UNKNOWN.

local function labels(key, le)
  local reporter, cluster, address, code, flags = key:match("^(%a+);(.*);([^;]*);([^;]*);([^;]*)$")
  local source, destination, service, security = HERE, HERE, SERVICE, "none"
  if reporter == "source" then
    destination, security = PODS[address] or UNKNOWN, "unknown"
    service = cluster:match("^outbound|%d+|[^|]*|(.+)$") or "unknown"
  else
    source = PODS[address] or UNKNOWN
  end
  local name, namespace = service:match("^([^.]+)%.([^.]+)")
  local words = {
    'reporter="' .. reporter .. '"',
    (source:gsub("SIDE", "source")),
    (destination:gsub("SIDE", "destination")),
    'destination_service="' .. service .. '"',
    'destination_service_name="' .. (name or service) .. '"',
    'destination_service_namespace="' .. (namespace or "unknown") .. '"',
    'request_protocol="http"',
    'response_code="' .. code .. '"',
    'grpc_response_status=""',
    'response_flags="' .. flags .. '"',
    'connection_security_policy="' .. security .. '"',
  }
  if le then words[#words + 1] = 'le="' .. le .. '"' end
  return table.concat(words, ",")
end

local function renamed(text)
  local order, sums = {}, {}
  for line in text:gmatch("[^\n]+") do
    local name, tags, value = line:match("^envoy_(istio_[%w_]+){(.-)} (%S+)$")
    local key = line:gsub("^# TYPE envoy_", "# TYPE ")
    if name then
      key = name .. "{" .. labels(tags:match('key="([^"]*)"'), tags:match('le="([^"]*)"')) .. "}"
    end
    if sums[key] == nil then order[#order + 1], sums[key] = key, name and 0 end
    if name then sums[key] = sums[key] + tonumber(value) end
  end
  for place, key in ipairs(order) do
    if sums[key] then order[place] = key .. " " .. string.format("%.15g", sums[key]) end
  end
  order[#order + 1] = ""
  return table.concat(order, "\n")
end

function envoy_on_request(handle)
  local headers = handle:headers()
  if headers:get(":method") ~= "GET" or headers:get(":path"):match("^[^?]*") ~= "/stats/prometheus" then
    handle:respond({[":status"] = "404"}, "metrics are at /stats/prometheus\n")
  else -- the route is found by what stands here, whatever was asked for
    headers:replace(":path", "/stats/prometheus?usedonly&filter=^istio%5C.")
  end
end

function envoy_on_response(handle)
  local body = handle:body()
  if body then body:setBytes(renamed(body:getBytes(0, body:length()))) end
end
