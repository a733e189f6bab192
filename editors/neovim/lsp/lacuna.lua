-- What vim.lsp.enable('lacuna') starts. Other values: require('lacuna').setup() or vim.lsp.config('lacuna', {...}).

local blanks = require('lacuna.blanks')
local config = require('lacuna.config')
local drafts = require('lacuna.drafts')
local edits = require('lacuna.edits')
local request = require('lacuna.suggestion.request')
local server = require('lacuna.server')
local status = require('lacuna.status')

return {
  cmd = server.start,
  root_dir = server.root,
  reuse_client = server.reuse,
  filetypes = config.attached(),
  settings = { lacuna = config.settings() },
  init_options = { drafts = true },
  -- Neovim 0.11 does not know it; without it the server would put suggestions into the completion menu.
  capabilities = { textDocument = { inlineCompletion = { dynamicRegistration = false } } },
  handlers = {
    ['lacuna/draft'] = drafts.show,
    ['lacuna/status'] = status.told,
    ['window/showMessage'] = status.message,
    ['textDocument/diagnostic'] = blanks.diagnostics,
    ['workspace/applyEdit'] = edits.apply_edit,
  },
  get_language_id = function(_, filetype)
    return config.language(filetype)
  end,
  on_init = function(client)
    server.initialized(client)
    request.take_over(client)
  end,
  on_attach = function(client, buffer)
    request.attach(client, buffer)
  end,
}
