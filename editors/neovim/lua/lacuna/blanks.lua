-- Blanks are highlighted rather than listed as problems; the server says where they are.

local M = {}

local space = vim.api.nvim_create_namespace('lacuna.blanks')

local function is_blank(item)
  return item.code == 'blank'
end

--- Handler of `textDocument/diagnostic`: blanks become highlights, odd words stay diagnostics.
function M.diagnostics(err, result, context)
  local client = vim.lsp.get_client_by_id(context.client_id)
  local buffer = context.bufnr
  if result and result.items and client and buffer and vim.api.nvim_buf_is_loaded(buffer) then
    vim.api.nvim_buf_clear_namespace(buffer, space, 0, -1)
    local function byte(position)
      local line = vim.api.nvim_buf_get_lines(buffer, position.line, position.line + 1, false)[1] or ''
      return vim.str_byteindex(line, client.offset_encoding, position.character, false)
    end
    for _, item in ipairs(vim.tbl_filter(is_blank, result.items)) do
      local from, to = item.range.start, item.range['end']
      vim.api.nvim_buf_set_extmark(buffer, space, from.line, byte(from), {
        end_row = to.line,
        end_col = byte(to),
        hl_group = 'LacunaBlank',
        strict = false,
        invalidate = true,
      })
    end
    result.items = vim.tbl_filter(function(item)
      return not is_blank(item)
    end, result.items)
  end
  return vim.lsp.diagnostic.on_diagnostic(err, result, context)
end

--- Go to the next blank, from the last one to the first.
function M.next()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local first, after
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true })) do
    local at = not mark[4].invalid and { mark[2] + 1, mark[3] }
    first = first or at
    if at and not after and (at[1] > row or (at[1] == row and at[2] > column)) then
      after = at
    end
  end
  if first then
    vim.cmd("normal! m'")
    vim.api.nvim_win_set_cursor(0, after or first)
  else
    require('lacuna.say').say('there are no blanks here; mark one as ____ or <fill>.')
  end
end

return M
