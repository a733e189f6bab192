-- Messages that never end in "Press ENTER": short ones in the message line, others in a window of their own.

local M = {}

local JOINED_MS = 40 -- two messages at once would need two lines
local waiting = {} ---@type {text: string, level: integer}[]

local function flush()
  local some = waiting
  waiting = {}
  local text = table.concat(vim.tbl_map(function(one)
    return one.text
  end, some), '\n')
  -- The message line also holds 'showcmd' and, in some layouts, 'ruler'.
  local room = vim.o.columns * math.max(1, vim.o.cmdheight) - 24
  if not text:find('\n') and vim.fn.strdisplaywidth(text) <= room then
    return vim.notify(text, some[1].level)
  end
  M.window(vim.split(text, '\n'), 'Lacuna')
end

--- Tell the user something; safe to call from anywhere.
---@param text string
---@param level? integer one of vim.log.levels
function M.say(text, level)
  table.insert(waiting, { text = 'Lacuna: ' .. text, level = level or vim.log.levels.INFO })
  if #waiting == 1 then
    vim.defer_fn(flush, JOINED_MS)
  end
end

--- The same as an error.
function M.error(text)
  M.say(text, vim.log.levels.ERROR)
end

--- The same as a warning.
function M.warn(text)
  M.say(text, vim.log.levels.WARN)
end

local READABLE_MS = 300 -- what was on its way when the window opened, as after a start, does not close it

--- Lines in a window that closes as soon as the cursor moves.
---@param lines string[]
---@param title string
function M.window(lines, title)
  local width = math.max(20, math.min(100, vim.o.columns - 4))
  local _, window = vim.lsp.util.open_floating_preview(lines, '', {
    border = 'rounded',
    title = ' ' .. title .. ' ',
    focus_id = 'lacuna',
    focus = false,
    wrap = true,
    max_width = width,
    max_height = math.max(3, vim.o.lines - 4),
    close_events = { 'BufHidden' },
  })
  vim.defer_fn(function()
    vim.api.nvim_create_autocmd({ 'CursorMoved', 'CursorMovedI', 'InsertEnter', 'InsertCharPre' }, {
      once = true,
      callback = vim.schedule_wrap(function()
        pcall(vim.api.nvim_win_close, window, true)
      end),
    })
  end, READABLE_MS)
end

--- A scratch buffer in a split, for what is longer; `q` closes it.
---@param lines string[]
---@param name string
function M.page(lines, name)
  vim.cmd.new()
  local buffer = vim.api.nvim_get_current_buf()
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].buftype, vim.bo[buffer].bufhidden, vim.bo[buffer].swapfile = 'nofile', 'wipe', false
  vim.bo[buffer].modifiable = false
  pcall(vim.api.nvim_buf_set_name, buffer, name)
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = buffer, desc = 'Close' })
end

return M
