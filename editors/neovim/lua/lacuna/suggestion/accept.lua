-- Accepting a suggestion, or its next word or line. What was typed meanwhile is checked first, what remains stays on show,
-- one undo takes back what was accepted and nothing else, and `.` repeats it as it repeats typed text.

local request = require('lacuna.suggestion.request')
local shown = require('lacuna.suggestion.shown')

local M = {}

-- Key codes of a mapping: an undo step of its own for the text, and another for what is typed after it.
local BREAK = vim.keycode('<C-g>u')
local INSERT = vim.keycode("<Cmd>lua require('lacuna.suggestion.accept').insert()<CR>")

local queued ---@type (fun(rest: string): string)?

--- The first `part` of what is on show is accepted. Works in a mapping, an <expr> mapping, or anywhere in insert mode.
---@param part fun(rest: string): string
---@return boolean # false when there is nothing to accept
local function accept(part)
  if not shown.visible() then
    return false
  end
  queued = part
  -- Before what was typed after the key of this mapping.
  vim.api.nvim_feedkeys(BREAK .. INSERT .. BREAK, 'ni', false)
  return true
end

--- The other half of `accept`, once the text may be changed.
function M.insert()
  local part, rest = queued, shown.rest()
  queued = nil
  if not part or not rest then
    return
  end
  -- Pasting is literal (no indenting, no abbreviations) and is what `.` repeats.
  vim.api.nvim_paste(part(rest), false, -1)
  request.changed()
end

local function whole(rest)
  return rest
end

-- A run of keyword characters or of other ones, with the white space before it.
local WORD = [[\v^\_s*%(\k+|%(\k@!\S)+)]]

local function next_word(rest)
  local word = vim.fn.matchstr(rest, WORD)
  return word ~= '' and word or rest
end

local function next_line(rest)
  return rest:match('^\n?[^\n]*')
end

--- Accept all of the suggestion.
function M.all()
  return accept(whole)
end

--- Accept its next word.
function M.word()
  return accept(next_word)
end

--- Accept the rest of its line, or the next line where this one is complete.
function M.line()
  return accept(next_line)
end

return M
