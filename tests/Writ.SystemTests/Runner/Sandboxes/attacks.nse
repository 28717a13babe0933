description = [[What a script of Nmap's can do to the machine that it runs on. Prints "NAME through" or "NAME stopped" for each.]]
categories = {"safe"}

local io = require "io"
local os = require "os"
local package = require "package"

local host = nmap.registry.args.host

local function opened(path, mode)
  local file = assert(io.open(path, mode))
  return file
end

local attacks = {
  execute = function() return os.execute("/usr/bin/touch " .. host .. "/executed") end,
  shell = function() return opened("/bin/sh", "r") ~= nil end,
  popen = function() return io.popen("/usr/bin/id"):read("a"):find("uid=") end,
  read = function() return opened(host .. "/secret", "r"):read("a"):find("topsecret") end,
  shadow = function() return opened("/etc/shadow", "r"):read("a"):find("root") end,
  write = function() return opened(host .. "/written", "w"):write("x") ~= nil end,
  append = function() return opened(host .. "/appended", "a"):write("x") ~= nil end,
  data = function() return os.rename(host .. "/data", host .. "/data2") end,
  remove = function() return os.remove(host .. "/removed") end,
  rename = function() return os.rename(host .. "/renamed", host .. "/renamed2") end,
  library = function() return assert(package.loadlib(host .. "/library.so", "*")) end,
  leave = function()
    local path = os.tmpname()
    opened(path, "w"):write("#!/bin/sh\nexit 0\n"):close()
    return os.execute("/usr/bin/chmod 755 " .. path .. " && " .. path .. " && /usr/bin/rm " .. path)
  end,
}

prerule = function() return true end

action = function()
  for name, attack in pairs(attacks) do
    local ran, through = pcall(attack)
    print(name .. (ran and through and " through" or " stopped"))
  end
end
