-- Lacuna for Neovim 0.12 or newer. Put this folder on 'runtimepath', then:
--   vim.lsp.enable('lacuna')
-- `plugin/lacuna.lua` beside it adds the command :Lacuna.

-- Neovim's names of file types where other editors have their own.
local language_of = { text = 'plaintext', rst = 'restructuredtext', javascriptreact = 'javascriptreact' }

return {
  cmd = function(dispatchers)
    local command = vim.g.lacuna_command or { 'lacuna', 'lsp' }
    if vim.fn.executable(command[1]) == 0 then
      vim.notify_once(
        ('Lacuna: %s was not found. Install it with Python 3.11 or newer (pip install "lacuna[cpu]"), '
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
