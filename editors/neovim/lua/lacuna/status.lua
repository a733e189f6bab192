-- How the server is: vim.g.lacuna_status is one word for the status line, vim.g.lacuna_message says what is wrong.

local say = require('lacuna.say')

local M = {}

--- Called with every new state.
M.listeners = {} ---@type fun(state: string)[]

--- starting, ready, busy, off, error: told by the server. stopped, missing: found out here.
---@param state string
---@param message? string
function M.set(state, message)
  vim.g.lacuna_status, vim.g.lacuna_message = state, message or ''
  for _, listener in ipairs(M.listeners) do
    listener(state)
  end
  pcall(vim.cmd.redrawstatus, { bang = true })
end

--- Handler of `lacuna/status`.
function M.told(_, told)
  M.set(told.state, told.message)
end

--- Handler of `window/showMessage`: what the server has to tell, without "Press ENTER".
function M.message(_, told)
  local levels = { vim.log.levels.ERROR, vim.log.levels.WARN, vim.log.levels.INFO }
  say.say((told.message:gsub('^Lacuna:%s*', '')), levels[told.type] or vim.log.levels.INFO)
  return vim.NIL
end

--- For a status line: empty until the server runs.
function M.line()
  local state = vim.g.lacuna_status
  return state and ('lacuna: ' .. state) or ''
end

return M
