-- Lacuna for Neovim 0.12 or newer. Put this folder on 'runtimepath', then:
--   vim.lsp.enable('lacuna')
-- `plugin/lacuna.lua` beside it adds the command :Lacuna.

-- Neovim's names of file types where other editors have their own.
local language_of = { text = 'plaintext', rst = 'restructuredtext', javascriptreact = 'javascriptreact' }

-- What is being written, in grey where it will stand, until the edit comes.
local drafts = vim.api.nvim_create_namespace('lacuna.drafts')

local function show_draft(_, draft, context)
  local buffer = vim.uri_to_bufnr(draft.uri)
  local client = vim.lsp.get_client_by_id(context.client_id)
  if not client or not vim.api.nvim_buf_is_loaded(buffer) then
    return
  end
  vim.api.nvim_buf_clear_namespace(buffer, drafts, 0, -1)
  if vim.lsp.util.buf_versions[buffer] ~= draft.version then
    return
  end
  for _, span in ipairs(draft.spans) do
    local row = span.range.start.line
    local line = vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1] or ''
    local column = vim.str_byteindex(line, client.offset_encoding, span.range.start.character, false)
    local lines = vim.split(span.text, '\n')
    local below = vim.tbl_map(function(text)
      return { { text, 'ComplHint' } }
    end, vim.list_slice(lines, 2))
    vim.api.nvim_buf_set_extmark(buffer, drafts, row, column, {
      virt_text = { { lines[1], 'ComplHint' } },
      virt_text_pos = 'inline',
      virt_lines = #below > 0 and below or nil,
    })
  end
end

-- One word for the status line: %{get(g:,'lacuna_status','')}
local function show_status(_, status)
  vim.g.lacuna_status = status.state
  vim.g.lacuna_message = status.message
  if status.state ~= 'busy' then
    for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
      vim.api.nvim_buf_clear_namespace(buffer, drafts, 0, -1)
    end
  end
  vim.cmd.redrawstatus({ bang = true })
end

return {
  init_options = { drafts = true },
  handlers = { ['lacuna/draft'] = show_draft, ['lacuna/status'] = show_status },
  cmd = function(dispatchers)
    local command = vim.g.lacuna_command or { 'lacuna', 'lsp' }
    if vim.fn.executable(command[1]) == 0 then
      vim.notify_once(
        ('Lacuna: %s was not found. Install it with Python 3.11 or newer (pip install "lacuna-infill[cpu]"), '
          .. 'or name it in vim.g.lacuna_command.'):format(command[1]),
        vim.log.levels.ERROR
      )
      return nil
    end
    return vim.lsp.rpc.start(command, dispatchers)
  end,
  filetypes = { 'python', 'markdown', 'rst', 'text', 'gitcommit' },
  get_language_id = function(_, filetype)
    return language_of[filetype] or filetype
  end,
  on_attach = function(client, buffer)
    if client:supports_method('textDocument/inlineCompletion') then
      vim.lsp.inline_completion.enable(true, { bufnr = buffer })
    end
  end,
}
