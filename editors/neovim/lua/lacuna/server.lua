-- Finding, starting and restarting the server: one process for all folders.

local config = require('lacuna.config')
local say = require('lacuna.say')
local status = require('lacuna.status')

local M = {}

local RESTARTS, WITHIN_S = 3, 180
local windows = vim.fn.has('win32') == 1
local crashes = {} ---@type number[] times
local waiting = {} ---@type table<integer, {uri: string, name: string}[]> folders of clients that are not initialised yet

--- The checkout that this plugin lies in, if it lies in one.
function M.checkout()
  local here = vim.fs.dirname(vim.fs.normalize(debug.getinfo(1, 'S').source:sub(2)))
  local root = vim.fs.normalize(here .. '/../../../..')
  return vim.uv.fs_stat(root .. '/pyproject.toml') and root or nil
end

local function of_environment(folder)
  return folder .. (windows and '/Scripts/lacuna.exe' or '/bin/lacuna')
end

--- Where `:Lacuna install` puts the server.
function M.environment()
  return vim.fs.joinpath(vim.fn.stdpath('data'), 'lacuna', 'venv')
end

--- The command line of the server, and where it was found; nil when there is none.
---@return string[]? command
---@return string? origin
function M.command()
  local set = config.options.command or vim.g.lacuna_command
  if set then
    return vim.fn.executable(set[1]) == 1 and set or nil, 'your configuration'
  end
  local places = {
    { of_environment(M.environment()), ':Lacuna install' },
    { 'lacuna', 'PATH' },
    { vim.fs.normalize('~/.local/bin/lacuna'), 'uv tool or pipx' },
  }
  local root = M.checkout()
  if root then
    table.insert(places, 2, { of_environment(root .. '/.venv'), "the checkout's environment" })
  end
  for _, place in ipairs(places) do
    if vim.fn.executable(place[1]) == 1 then
      return { place[1], 'lsp' }, place[2]
    end
  end
end

--- What to do when there is no server.
function M.missing()
  local set = config.options.command or vim.g.lacuna_command
  if set then
    return ('%s, which your configuration names, was not found.'):format(set[1])
  end
  return 'its server was not found. `:Lacuna install` puts it into a folder of its own; '
    .. 'where it is elsewhere, name it in setup({ command = { ... } }).'
end

local told_missing = false

--- `root_dir` of the configuration: the project's folder; without a server nothing is started, and that is told once.
function M.root(buffer, on_folder)
  if not M.command() then
    status.set('missing', M.missing())
    if not told_missing then
      told_missing = true
      say.error(M.missing())
    end
    return
  end
  on_folder(vim.fs.root(buffer, { 'lacuna.toml' }) or vim.fs.root(buffer, { '.git', '.hg', 'pyproject.toml' }))
end

--- `reuse_client` of the configuration: one server, which is told of every further folder.
function M.reuse(client, wanted)
  if client.name ~= wanted.name or client:is_stopped() then
    return false
  end
  local root = wanted.root_dir
  if root then
    local folder = { uri = vim.uri_from_fname(root), name = root }
    local known = vim.iter(client.workspace_folders or {}):any(function(one)
      return one.uri == folder.uri
    end)
    if not known then
      client.workspace_folders = vim.list_extend(client.workspace_folders or {}, { folder })
      if client.initialized then
        client:notify('workspace/didChangeWorkspaceFolders', { event = { added = { folder }, removed = {} } })
      else
        waiting[client.id] = vim.list_extend(waiting[client.id] or {}, { folder })
      end
    end
  end
  return true
end

--- Called when a client is initialised.
function M.initialized(client)
  local folders = waiting[client.id]
  waiting[client.id] = nil
  if folders then
    vim.schedule(function()
      client:notify('workspace/didChangeWorkspaceFolders', { event = { added = folders, removed = {} } })
    end)
  end
end

-- Later than `after_ms`, so that a server that cannot start is not started over and over.
local function start_again(after_ms)
  vim.defer_fn(function()
    vim.lsp.enable('lacuna', false)
    vim.lsp.enable('lacuna')
  end, after_ms)
end

local function ended(command, code, signal, began)
  local now = vim.uv.now() / 1000
  crashes = vim.tbl_filter(function(time)
    return now - time < WITHIN_S
  end, crashes)
  table.insert(crashes, now)
  local how = signal ~= 0 and ('signal %d'):format(signal) or ('exit status %d'):format(code)
  if not began then
    local hint = ('"%s" ended at once (%s); it may be another program of that name. :checkhealth lacuna says more.')
    status.set('stopped', hint:format(table.concat(command, ' '), how))
    say.error(vim.g.lacuna_message)
  elseif #crashes > RESTARTS then
    status.set('stopped', ('the server ended %d times (%s). :Lacuna restart starts it again.'):format(#crashes, how))
    say.error(vim.g.lacuna_message)
  else
    status.set('stopped', ('the server ended (%s) and is started again.'):format(how))
    say.warn(vim.g.lacuna_message)
    start_again(500)
  end
end

--- `cmd` of the configuration. Neovim's own message about a server that ended is long enough for "Press ENTER", so it is
--- told of a clean end, and ours is told instead.
function M.start(dispatchers)
  local command = assert(M.command(), 'Lacuna: no server')
  local on_exit, on_notification, began = dispatchers.on_exit, dispatchers.notification, false
  dispatchers.notification = function(...)
    began = true
    return on_notification(...)
  end
  local leaving = false
  dispatchers.on_exit = function(code, signal)
    on_exit(0, 0)
    if not leaving and vim.v.exiting == vim.NIL then
      vim.schedule(function()
        ended(command, code, signal, began)
      end)
    end
  end
  status.set('starting')
  local rpc = vim.lsp.rpc.start(command, dispatchers)
  local request, terminate = rpc.request, rpc.terminate
  rpc.request = function(method, ...)
    leaving = leaving or method == 'shutdown'
    return request(method, ...)
  end
  rpc.terminate = function(...)
    leaving = true
    return terminate(...)
  end
  return rpc
end

--- `:Lacuna restart`.
function M.restart()
  crashes, told_missing = {}, false
  vim.lsp.enable('lacuna', false)
  status.set('starting')
  local tries = 0
  local function when_gone()
    tries = tries + 1
    if #vim.lsp.get_clients({ name = 'lacuna' }) > 0 and tries < 100 then
      return vim.defer_fn(when_gone, 50)
    end
    vim.lsp.enable('lacuna')
  end
  when_gone()
end

return M
