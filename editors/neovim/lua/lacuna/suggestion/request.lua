-- Asking for suggestions while the user types.
--
-- Neovim 0.12 has a client of its own for this. It draws over the rest of the line where an answer replaces typed text,
-- leaves characters typed meanwhile behind, and drops the suggestion when a part of it is accepted; 0.11 has none.

local say = require('lacuna.say')
local shown = require('lacuna.suggestion.shown')
local status = require('lacuna.status')

local M = {}

local METHOD = 'textDocument/inlineCompletion'
local INVOKED, AUTOMATIC = 1, 2
local PAUSE_MS = 20 -- joins the events of one keystroke; how long to wait for a pause in typing is the server's affair

local timer = assert(vim.uv.new_timer())
local running ---@type {client: vim.lsp.Client, id: integer}?
local asked ---@type string? buffer, version and cursor of the last request
local suggests = setmetatable({}, { __mode = 'k' }) ---@type table<vim.lsp.Client, boolean>

local function inserting()
  return vim.api.nvim_get_mode().mode:sub(1, 1) == 'i'
end

local function cancel()
  if running then
    running.client:cancel_request(running.id)
    running = nil
  end
end

-- The answers as pure insertions at the cursor that was asked for. An answer may come as a replacement of what stands
-- before the cursor; one that would change text is not for showing, nor is a second line in the middle of a line.
local function insertions(items, client, row, line, column)
  local texts = {}
  for _, item in ipairs(items) do
    local text = type(item.insertText) == 'table' and item.insertText.value or item.insertText
    text = text:gsub('\r\n', '\n')
    local replaced, here = '', true
    if type(item.range) == 'table' then
      local first, last = item.range.start, item.range['end']
      local from = vim.str_byteindex(line, client.offset_encoding, first.character, false)
      local to = vim.str_byteindex(line, client.offset_encoding, last.character, false)
      here = first.line == row and last.line == row and from <= column and to == column
      replaced = line:sub(from + 1, column)
    end
    here = here and (line:sub(column + 1):match('^%s*$') or not text:find('\n', #replaced + 1, true))
    if here and vim.startswith(text, replaced) and #text > #replaced then
      table.insert(texts, text:sub(#replaced + 1))
    end
  end
  return texts
end

local function request(kind)
  local buffer = vim.api.nvim_get_current_buf()
  local client = vim.lsp.get_clients({ bufnr = buffer, name = 'lacuna' })[1]
  if not client or not suggests[client] or not inserting() then
    return
  end
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local place = table.concat({ buffer, vim.api.nvim_buf_get_changedtick(buffer), row, column }, ':')
  if kind == AUTOMATIC and place == asked then
    return
  end
  asked = place
  cancel()
  local line = vim.api.nvim_get_current_line()
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  params.context = { triggerKind = kind }
  local sent, id = client:request(METHOD, params, function(err, result, context)
    if running and running.id == context.request_id then
      running = nil
    end
    if err or not inserting() or vim.api.nvim_get_current_buf() ~= buffer then
      return
    end
    local items = type(result) == 'table' and (result.items or result) or {}
    local texts = insertions(items, client, row - 1, line, column)
    if #texts > 0 then
      local before, after = line:sub(1, column), line:sub(column + 1)
      shown.show({ buffer = buffer, row = row - 1, column = column, before = before, after = after, texts = texts })
    else
      shown.dismiss()
      if kind == INVOKED then
        say.say(type(result) == 'table' and type(result.reason) == 'string' and result.reason or 'nothing to suggest here.')
      end
    end
  end, buffer)
  running = sent and { client = client, id = id } or nil
end

--- The text or the cursor has changed: redraw the suggestion where it still fits, or ask for another after a moment.
function M.changed()
  timer:stop()
  if shown.rest() then
    return shown.draw()
  end
  shown.dismiss()
  if not shown.hidden() and vim.fn.reg_executing() == '' then
    timer:start(PAUSE_MS, 0, vim.schedule_wrap(function()
      request(AUTOMATIC)
    end))
  end
end

--- Ask for suggestions, whatever the settings say about showing one unasked.
function M.ask()
  timer:stop()
  request(INVOKED)
end

--- Show the next answer, or ask for several.
function M.next()
  return shown.turn(1) or M.ask()
end

--- Show the answer before, or ask for several.
function M.previous()
  return shown.turn(-1) or M.ask()
end

--- Keep Neovim's own client for inline completion away from our server.
function M.take_over(client)
  suggests[client] = client.server_capabilities.inlineCompletionProvider and true or false
  client.server_capabilities.inlineCompletionProvider = nil
end

--- Follow the typing in a buffer.
function M.attach(client, buffer)
  local group = vim.api.nvim_create_augroup('lacuna.suggestion.' .. buffer, {})
  local function on(events, callback)
    vim.api.nvim_create_autocmd(events, { group = group, buffer = buffer, callback = callback })
  end
  local function follow()
    if inserting() and vim.api.nvim_get_current_buf() == buffer then
      M.changed()
    end
  end
  on({ 'CursorMovedI', 'TextChangedI', 'TextChangedP', 'CompleteDone' }, follow)
  on('InsertEnter', vim.schedule_wrap(follow)) -- the mode is not yet another one
  on({ 'InsertLeave', 'BufLeave' }, function()
    timer:stop()
    asked = nil
    cancel()
    shown.dismiss()
  end)
  on('LspDetach', function(event)
    if event.data.client_id == client.id then
      shown.dismiss()
      vim.schedule(function()
        pcall(vim.api.nvim_clear_autocmds, { group = group })
      end)
    end
  end)
  follow()
end

-- Whoever waits in insert mode while the model is loaded sees a suggestion as soon as there can be one.
table.insert(status.listeners, function(state)
  if state == 'ready' and inserting() and not shown.rest() then
    asked = nil
    M.changed()
  end
end)

return M
