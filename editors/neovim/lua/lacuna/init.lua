-- Lacuna for Neovim: fills gaps in code and prose from both sides, on this machine. See :help lacuna.

local M = {}

local actions = {
  accept = { 'lacuna.suggestion.accept', 'all' },
  accept_word = { 'lacuna.suggestion.accept', 'word' },
  accept_line = { 'lacuna.suggestion.accept', 'line' },
  dismiss = { 'lacuna.suggestion.shown', 'dismiss' },
  suggest = { 'lacuna.suggestion.request', 'ask' },
  next = { 'lacuna.suggestion.request', 'next' },
  previous = { 'lacuna.suggestion.request', 'previous' },
}

-- What a key did before: accepting falls back to it when nothing is on show.
local function fallback(key, earlier)
  if vim.tbl_isempty(earlier) then
    return key
  end
  local result = earlier.rhs
  if earlier.callback then
    result = earlier.callback()
    result = earlier.expr == 1 and result or ''
  elseif earlier.expr == 1 then
    result = vim.api.nvim_eval(earlier.rhs)
  end
  return type(result) == 'string' and result or ''
end

local earlier = {} ---@type table<string, table>

local function map(name, key)
  local module, action = unpack(actions[name])
  local accepting = vim.startswith(name, 'accept') or name == 'dismiss'
  -- A second setup() must not take its own mapping for what the key did before.
  earlier[key] = earlier[key] or vim.fn.maparg(key, 'i', false, true)
  vim.keymap.set('i', key, function()
    if accepting and not require('lacuna.suggestion.shown').visible() then
      return fallback(key, earlier[key])
    end
    require(module)[action]()
    return ''
  end, { expr = true, desc = 'Lacuna: ' .. name:gsub('_', ' ') })
end

--- Take over options, set keys, and start the server where it is wanted. See :help lacuna-setup.
---@param options lacuna.Options?
function M.setup(options)
  local config, say = require('lacuna.config'), require('lacuna.say')
  if vim.fn.has('nvim-0.11') == 0 then
    return vim.notify('Lacuna needs Neovim 0.11 or newer.', vim.log.levels.ERROR)
  end
  local wrong = config.set(options)
  if wrong then
    return say.error(wrong)
  end
  for name, key in pairs(config.options.keys) do
    if not actions[name] then
      return say.error(('setup() knows no key "%s"; see :help lacuna-setup.'):format(name))
    end
    map(name, key)
  end
  vim.lsp.config('lacuna', { filetypes = config.attached(), settings = { lacuna = config.settings() } })
  vim.lsp.enable('lacuna')
end

for name, place in pairs(actions) do
  --- accept() and the others return false when there was nothing to act on, so that a mapping can do something else.
  M[name] = function()
    return require(place[1])[place[2]]() or false
  end
end

--- True while a suggestion is on show.
function M.visible()
  return require('lacuna.suggestion.shown').visible() ~= nil
end

--- For a status line.
function M.status()
  return require('lacuna.status').line()
end

return M
