-- The suggestion on show: drawn between the text around the cursor, so that the rest of the line moves, and kept while it
-- is typed along.

local config = require('lacuna.config')

local M = {}

local space = vim.api.nvim_create_namespace('lacuna.suggestion')

---@class lacuna.Shown
---@field buffer integer
---@field row integer 0-based, where the texts begin
---@field column integer in bytes
---@field before string the line before that place
---@field after string the line behind it
---@field texts string[] the answers
---@field index? integer the one on show

local shown ---@type lacuna.Shown?

--- What was typed since the suggestion came; nil when the text around it is another.
---@param one lacuna.Shown
local function typed_since(one)
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  row = row - 1
  if vim.api.nvim_get_current_buf() ~= one.buffer or row < one.row or (row == one.row and column < one.column) then
    return
  end
  local first = vim.api.nvim_buf_get_lines(one.buffer, one.row, one.row + 1, false)[1] or ''
  local line = vim.api.nvim_get_current_line()
  if first:sub(1, one.column) ~= one.before or line:sub(column + 1) ~= one.after then
    return
  end
  return table.concat(vim.api.nvim_buf_get_text(one.buffer, one.row, one.column, row, column, {}), '\n')
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

-- Tabs as they will look; virtual text would show ^I.
local function expanded(line, column)
  if not line:find('\t') then
    return line
  end
  local out = {}
  for _, character in ipairs(vim.fn.split(line, [[\zs]])) do
    local width = vim.fn.strdisplaywidth(character, column)
    table.insert(out, character == '\t' and (' '):rep(width) or character)
    column = column + width
  end
  return table.concat(out)
end

--- True where the user or an open menu wants none to be seen.
function M.hidden()
  return vim.b.lacuna_hidden or (config.options.hide_with_menu and vim.fn.pumvisible() == 1)
end

--- What can be accepted: nothing that the user does not see.
---@return string?
function M.visible()
  return not M.hidden() and M.rest() or nil
end

local function clear()
  if shown then
    pcall(vim.api.nvim_buf_clear_namespace, shown.buffer, space, 0, -1)
  end
end

--- Draw what is left of the suggestion, or nothing.
function M.draw()
  clear()
  local rest = M.visible()
  if not rest then
    return
  end
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local lines = {}
  for number, line in ipairs(vim.split(rest, '\n')) do
    local at = number == 1 and vim.fn.virtcol('.') - 1 or 0
    lines[number] = { { expanded(line, at), 'LacunaGhost' } }
  end
  if #shown.texts > 1 then
    table.insert(lines[#lines], { ('  (%d/%d)'):format(shown.index, #shown.texts), 'LacunaGhost' })
  end
  vim.api.nvim_buf_set_extmark(shown.buffer, space, row - 1, column, {
    virt_text = lines[1],
    virt_text_pos = 'inline',
    virt_lines = #lines > 1 and vim.list_slice(lines, 2) or nil,
    hl_mode = 'combine',
  })
end

--- Show answers in place of what was on show.
---@param one lacuna.Shown
function M.show(one)
  M.dismiss()
  shown = one
  shown.index = 1
  M.draw()
end

--- Hide the suggestion; the next keystroke may bring another.
function M.dismiss()
  clear()
  shown = nil
end

--- Show another of several answers, those that what was typed begins; false when there is no other.
---@param by 1|-1
function M.turn(by)
  local typed = M.rest() and typed_since(shown)
  if not typed or #shown.texts < 2 then
    return false
  end
  repeat
    shown.index = (shown.index - 1 + by) % #shown.texts + 1
  until vim.startswith(shown.texts[shown.index], typed)
  M.draw()
  return true
end

return M
