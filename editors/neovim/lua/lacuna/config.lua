-- What the user set, the defaults, and what file types are called elsewhere.

local M = {}

---@class lacuna.Options
local defaults = {
  --- How the server is started, as { '/path/to/lacuna', 'lsp' }; nil: it is looked for.
  command = nil, ---@type string[]?
  --- File types in which typing brings suggestions; nil: what the server's settings say.
  filetypes = nil, ---@type string[]?
  --- Insert-mode keys for accept, accept_word, accept_line, dismiss, suggest, next and previous.
  keys = {}, ---@type table<string, string>
  --- The server's settings, by the names of docs/settings or :help lacuna-settings.
  settings = {}, ---@type table<string, any>
  --- Show no suggestion while the completion menu is open.
  hide_with_menu = true,
}

---@type lacuna.Options
M.options = vim.deepcopy(defaults)

--- File types with suggestions where nothing else is set: what the model was trained on.
M.suggested = { 'python', 'markdown', 'rst', 'text', 'gitcommit', 'javascript', 'go', 'c' }

-- Where commands, blanks and proofreading work besides: what the server has a grammar for, and other plain text.
local also = {
  'c', 'cpp', 'go', 'html', 'java', 'javascript', 'javascriptreact', 'json', 'lua', 'mail', 'rust', 'sh', 'tex', 'toml',
  'typescript', 'typescriptreact', 'yaml',
}

-- Neovim's names of file types where the protocol has others.
local languages = {
  text = 'plaintext', mail = 'plaintext', rst = 'restructuredtext', sh = 'shellscript', tex = 'latex',
}

--- The protocol's name of a file type.
---@param filetype string
function M.language(filetype)
  return languages[filetype] or filetype
end

--- Take over the user's options; returns a sentence for what is wrong with them.
---@param options lacuna.Options?
---@return string?
function M.set(options)
  options = options or {}
  for name in pairs(options) do
    if name ~= 'command' and name ~= 'filetypes' and defaults[name] == nil then
      return ('setup() knows no "%s"; see :help lacuna-setup.'):format(name)
    end
  end
  local ok, wrong = pcall(function()
    vim.validate('command', options.command, 'table', true)
    vim.validate('filetypes', options.filetypes, 'table', true)
    vim.validate('keys', options.keys, 'table', true)
    vim.validate('settings', options.settings, 'table', true)
    vim.validate('hide_with_menu', options.hide_with_menu, 'boolean', true)
  end)
  if not ok then
    return ('setup(): %s; see :help lacuna-setup.'):format(wrong)
  end
  M.options = vim.tbl_extend('force', vim.deepcopy(defaults), options)
end

--- File types with suggestions, as far as this side knows.
---@return string[]
function M.filetypes()
  return M.options.filetypes or M.suggested
end

--- File types in whose buffers the server runs.
---@return string[]
function M.attached()
  local all = vim.list_extend(vim.list_extend({}, M.filetypes()), vim.list_extend(vim.deepcopy(M.suggested), also))
  table.sort(all)
  return vim.fn.uniq(all)
end

--- The server's settings; languages only where the user named file types, so that a lacuna.toml counts otherwise.
function M.settings()
  local settings = vim.deepcopy(M.options.settings)
  if M.options.filetypes then
    settings.languages = vim.tbl_map(M.language, M.options.filetypes)
  end
  return next(settings) and settings or vim.empty_dict()
end

return M
