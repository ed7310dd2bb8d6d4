-- Sign-ups for wrk: each request is another person with a form of their own. Arguments: file of stamps, body, cookie.
local stamps, body, cookie = {}, "", ""
local threads = 0

function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

function init(args)
  for line in io.lines(args[1]) do stamps[#stamps + 1] = line end
  body, cookie = args[2], args[3]
  number = id * math.floor(#stamps / 2) + tonumber(args[4])
end

function request()
  number = number + 1
  local client = string.format("10.%d.%d.%d", math.floor(number / 65536) % 256, math.floor(number / 256) % 256, number % 256)
  local headers = {
    ["Content-Type"] = "application/x-www-form-urlencoded",
    ["Cookie"] = cookie,
    ["X-Forwarded-For"] = client,
  }
  return wrk.format("POST", "/start/", headers, body .. "&email=p" .. number .. "%40example.com&stamp=" .. stamps[number])
end
