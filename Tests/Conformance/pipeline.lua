-- wrk: sixteen requests at a time on every connection, without waiting between them.
local batch
init = function(arguments)
  local requests = {}
  for index = 1, 16 do requests[index] = wrk.format() end
  batch = table.concat(requests)
end
request = function() return batch end
