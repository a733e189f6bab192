-- The suggestion on show: asked for, drawn between the text around the cursor, kept while it is typed along.
--
-- Neovim 0.12 has a client of its own for this. It draws over the rest of the line where an answer replaces typed text,
-- leaves characters typed meanwhile behind, and drops the suggestion when a part of it is accepted; 0.11 has none.

local config = require('lacuna.config')
local say = require('lacuna.say')
local status = require('lacuna.status')

local M = {}

local METHOD = 'textDocument/inlineCompletion'
local AUTOMATIC, INVOKED = 2, 1
local PAUSE_MS = 20 -- joins the events of one keystroke; how long to wait for a pause in typing is the server's affair
local space = vim.api.nvim_create_namespace('lacuna.ghost')

---@class lacuna.Ghost
---@field buffer integer
---@field row integer 0-based, where the texts begin
---@field column integer in bytes
---@field before string the line before that place
---@field after string the line behind it
---@field texts string[] the answers
---@field index integer the one on show
local shown ---@type lacuna.Ghost?
local asked ---@type {client: vim.lsp.Client, id: integer}?
local place_asked ---@type string? buffer, version and cursor of the last request
local timer = assert(vim.uv.new_timer())

local function client_of(buffer)
  return vim.lsp.get_clients({ bufnr = buffer, name = 'lacuna' })[1]
end

local function inserting()
  return vim.api.nvim_get_mode().mode:sub(1, 1) == 'i'
end

local function cursor()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  return row - 1, column
end

--- What was typed since the suggestion came; nil when the text around it is another.
---@param ghost lacuna.Ghost
local function typed_since(ghost)
  local row, column = cursor()
  if vim.api.nvim_get_current_buf() ~= ghost.buffer or row < ghost.row or (row == ghost.row and column < ghost.column) then
    return
  end
  local first = vim.api.nvim_buf_get_lines(ghost.buffer, ghost.row, ghost.row + 1, false)[1] or ''
  local line = vim.api.nvim_get_current_line()
  if first:sub(1, ghost.column) ~= ghost.before or line:sub(column + 1) ~= ghost.after then
    return
  end
  return table.concat(vim.api.nvim_buf_get_text(ghost.buffer, ghost.row, ghost.column, row, column, {}), '\n')
end

--- What of the suggestion is still to be written at the cursor; nil when none is on show.
---@return string?
function M.rest()
  local typed = shown and typed_since(shown)
  if typed then
    local text = shown.texts[shown.index]
    if vim.startswith(text, typed) and text ~= typed then
      return text:sub(#typed + 1)
    end
  end
end

local function clear()
  if shown then
    pcall(vim.api.nvim_buf_clear_namespace, shown.buffer, space, 0, -1)
  end
end

local function hide()
  clear()
  shown = nil
end

-- Tabs as they will look; virtual text would show ^I.
local function expanded(line, column)
  local out = {}
  for character in line:gmatch('[%z\1-\127\194-\244][\128-\191]*') do
    local width = vim.fn.strdisplaywidth(character, column)
    table.insert(out, character == '\t' and (' '):rep(width) or character)
    column = column + width
  end
  return table.concat(out)
end

local function hidden()
  return vim.b.lacuna_hidden or (config.options.hide_with_menu and vim.fn.pumvisible() == 1)
end

--- Draw what is left of the suggestion, or nothing.
function M.draw()
  clear()
  local rest = M.rest()
  if not rest or hidden() then
    return
  end
  local row, column = cursor()
  local lines = vim.split(rest, '\n')
  local hint = #shown.texts > 1 and ('  (%d/%d)'):format(shown.index, #shown.texts) or ''
  local below = {}
  for number = 2, #lines do
    table.insert(below, { { expanded(lines[number], 0), 'LacunaGhost' } })
  end
  local last = below[#below] or { { expanded(lines[1], vim.fn.virtcol('.') - 1), 'LacunaGhost' } }
  local first = #below > 0 and { { expanded(lines[1], vim.fn.virtcol('.') - 1), 'LacunaGhost' } } or last
  if hint ~= '' then
    table.insert(last, { hint, 'LacunaGhost' })
  end
  vim.api.nvim_buf_set_extmark(shown.buffer, space, row, column, {
    virt_text = first,
    virt_text_pos = 'inline',
    virt_lines = #below > 0 and below or nil,
    hl_mode = 'combine',
  })
end

-- The answers as pure insertions at the cursor that was asked for. An answer may come as a replacement of what stands
-- before the cursor; one that would change text is not for showing.
local function insertions(items, client, row, line, column)
  local texts = {}
  for _, item in ipairs(items) do
    local text = type(item.insertText) == 'table' and item.insertText.value or item.insertText
    text = text:gsub('\r\n', '\n')
    local replaced = ''
    local range = item.range
    local here = true
    if range then
      local first = vim.str_byteindex(line, client.offset_encoding, range.start.character, false)
      local last = vim.str_byteindex(line, client.offset_encoding, range['end'].character, false)
      here = range.start.line == row and range['end'].line == row and first <= column and last == column
      replaced = line:sub(first + 1, column)
    end
    if here and vim.startswith(text, replaced) and #text > #replaced then
      table.insert(texts, text:sub(#replaced + 1))
    end
  end
  return texts
end

local function answered(client, buffer, row, column, line, kind, err, result)
  if err or not inserting() or vim.api.nvim_get_current_buf() ~= buffer then
    return
  end
  local items = result and (result.items or result) or {}
  local texts = insertions(items == vim.NIL and {} or items, client, row, line, column)
  hide()
  if #texts > 0 then
    shown = {
      buffer = buffer, row = row, column = column, before = line:sub(1, column), after = line:sub(column + 1),
      texts = texts, index = 1,
    }
    M.draw()
  elseif kind == INVOKED then
    local why = type(result) == 'table' and result.reason
    say.say(type(why) == 'string' and why or 'nothing to suggest here.')
  end
end

local function request(kind)
  local buffer = vim.api.nvim_get_current_buf()
  local client = client_of(buffer)
  if not client or not client.lacuna_suggests or not inserting() then
    return
  end
  local row, column = cursor()
  local place = table.concat({ buffer, vim.api.nvim_buf_get_changedtick(buffer), row, column }, ':')
  if kind == AUTOMATIC and place == place_asked then
    return
  end
  place_asked = place
  if asked then
    asked.client:cancel_request(asked.id)
    asked = nil
  end
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  params.context = { triggerKind = kind }
  local line = vim.api.nvim_get_current_line()
  local sent, id = client:request(METHOD, params, function(err, result)
    asked = nil
    answered(client, buffer, row, column, line, kind, err, result)
  end, buffer)
  asked = sent and { client = client, id = id } or nil
end

local function changed()
  timer:stop()
  if M.rest() then
    M.draw()
    return
  end
  hide()
  if hidden() or vim.fn.reg_executing() ~= '' then
    return
  end
  timer:start(PAUSE_MS, 0, vim.schedule_wrap(function()
    request(AUTOMATIC)
  end))
end

--- Hide the suggestion; the next keystroke may bring another.
function M.dismiss()
  hide()
end

--- Ask for a suggestion, whatever the settings say about showing one unasked.
function M.ask()
  timer:stop()
  request(INVOKED)
end

local function turn(by)
  if not M.rest() or #shown.texts < 2 then
    return M.ask()
  end
  local typed = typed_since(shown)
  for _ = 1, #shown.texts do
    shown.index = (shown.index - 1 + by) % #shown.texts + 1
    if vim.startswith(shown.texts[shown.index], typed) then
      break
    end
  end
  M.draw()
end

--- Show another answer.
function M.next()
  turn(1)
end

function M.previous()
  turn(-1)
end

--- Redraw after a change of ours, and ask for what comes next.
function M.changed()
  changed()
end

--- Keep Neovim's own client for inline completion away from ours.
function M.take_over(client)
  client.lacuna_suggests = client.server_capabilities.inlineCompletionProvider ~= nil
  client.server_capabilities.inlineCompletionProvider = nil
end

--- Follow the typing in a buffer.
function M.attach(client, buffer)
  local group = vim.api.nvim_create_augroup('lacuna.ghost.' .. buffer, {})
  local function on(events, callback)
    vim.api.nvim_create_autocmd(events, { group = group, buffer = buffer, callback = callback })
  end
  on({ 'InsertEnter', 'CursorMovedI', 'TextChangedI', 'TextChangedP', 'CompleteDone' }, function()
    vim.schedule(function()
      if inserting() and vim.api.nvim_get_current_buf() == buffer then
        changed()
      end
    end)
  end)
  on({ 'InsertLeave', 'BufLeave' }, function()
    timer:stop()
    place_asked = nil
    if asked then
      asked.client:cancel_request(asked.id)
      asked = nil
    end
    hide()
  end)
  on('LspDetach', function(event)
    if event.data.client_id == client.id then
      hide()
      pcall(vim.api.nvim_del_augroup_by_id, group)
    end
  end)
  if inserting() then
    changed()
  end
end

-- Whoever waits in insert mode while the model is loaded sees a suggestion as soon as there can be one.
table.insert(status.listeners, function(state)
  if state == 'ready' and inserting() and not M.rest() then
    place_asked = nil
    changed()
  end
end)

return M
