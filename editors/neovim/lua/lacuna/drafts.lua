-- A fill while it is being written: its text so far at every place, the more solid the surer the model is.

local status = require('lacuna.status')

local M = {}

local space = vim.api.nvim_create_namespace('lacuna.drafts')
local LEVELS = 4

local function group(confidence)
  return 'LacunaDraft' .. math.max(1, math.min(LEVELS, math.ceil(confidence * LEVELS)))
end

--- Handler of `lacuna/draft`.
function M.show(_, draft, context)
  local buffer = vim.uri_to_bufnr(draft.uri)
  local client = vim.lsp.get_client_by_id(context.client_id)
  if not client or not vim.api.nvim_buf_is_loaded(buffer) then
    return
  end
  vim.api.nvim_buf_clear_namespace(buffer, space, 0, -1)
  if vim.lsp.util.buf_versions[buffer] ~= draft.version then
    return
  end
  for _, span in ipairs(draft.spans) do
    local row = span.range.start.line
    local line = vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1] or ''
    local column = vim.str_byteindex(line, client.offset_encoding, span.range.start.character, false)
    local chunks = vim.tbl_map(function(text)
      return { { text, group(span.confidence) } }
    end, vim.split(span.text, '\n'))
    vim.api.nvim_buf_set_extmark(buffer, space, row, column, {
      virt_text = table.remove(chunks, 1),
      virt_text_pos = 'inline',
      virt_lines = #chunks > 0 and chunks or nil,
    })
  end
end

--- Nothing is being written any more.
function M.clear()
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    vim.api.nvim_buf_clear_namespace(buffer, space, 0, -1)
  end
end

table.insert(status.listeners, function(state)
  if state ~= 'busy' then
    M.clear()
  end
end)

return M
