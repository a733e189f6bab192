-- :Lacuna and its subcommands.

local config = require('lacuna.config')
local edits = require('lacuna.edits')
local say = require('lacuna.say')
local server = require('lacuna.server')

local M = {}

-- Send the server settings that were changed here; they hold until Neovim is closed.
local function send(change)
  for _, client in ipairs(vim.lsp.get_clients({ name = 'lacuna' })) do
    client.settings.lacuna = vim.tbl_extend('force', client.settings.lacuna or {}, change)
    client:notify('workspace/didChangeConfiguration', { settings = client.settings })
  end
  config.options.settings = vim.tbl_extend('force', config.options.settings, change)
end

local function toggle()
  local filetype = vim.bo.filetype
  if not edits.client(0) then
    return
  end
  local list = vim.list_slice(config.filetypes())
  local on = not vim.list_contains(list, filetype)
  if on then
    table.insert(list, filetype)
  else
    list = vim.tbl_filter(function(one)
      return one ~= filetype
    end, list)
  end
  config.options.filetypes = list
  send({ languages = vim.tbl_map(config.language, list) })
  require('lacuna.suggestion.shown').dismiss()
  say.say(('suggestions are %s in files of type %s.'):format(on and 'on' or 'off', filetype))
end

local function all(on)
  return function()
    send({ inlineCompletion = on })
    require('lacuna.suggestion.shown').dismiss()
    say.say(on and ('suggestions are on in files of type %s.'):format(table.concat(config.filetypes(), ', '))
      or 'suggestions are off everywhere; commands still work.')
  end
end

local function proofread()
  local client = edits.client(0)
  if not client then
    return
  end
  local language = config.language(vim.bo.filetype)
  local list = (client.settings.lacuna or {}).proofread or {}
  local on = not vim.list_contains(list, language)
  list = on and vim.list_extend(vim.list_slice(list), { language })
    or vim.tbl_filter(function(one)
      return one ~= language
    end, list)
  send({ proofread = list })
  say.say(('proofreading is %s in files of type %s.'):format(on and 'on' or 'off', vim.bo.filetype))
end

local function doctor()
  local command = server.command()
  if not command then
    return say.error(server.missing())
  end
  local asked = vim.list_extend(vim.list_slice(command, 1, #command - 1), { 'doctor' })
  vim.system(asked, { text = true }, vim.schedule_wrap(function(result)
    say.page(vim.split(vim.trim(result.stdout .. result.stderr), '\n'), 'lacuna://doctor')
  end))
end

local function install()
  local root = server.checkout()
  if not root then
    return say.error('this plugin does not lie in a checkout of Lacuna; :help lacuna-install has other ways.')
  end
  local python = vim.iter({ 'python3', 'python' }):find(function(name)
    return vim.fn.executable(name) == 1
  end)
  if not python then
    return say.error('Python 3.11 or newer was not found.')
  end
  local folder = server.environment()
  local pip = folder .. (vim.fn.has('win32') == 1 and '/Scripts/python.exe' or '/bin/python')
  say.say('installing the server into ' .. folder .. ' ...')
  -- -I: the current folder may be a project with a venv.py or a pip/ of its own, which Python would run.
  vim.system({ python, '-I', '-m', 'venv', folder }, { text = true }, vim.schedule_wrap(function(made)
    if made.code ~= 0 then
      return say.page(vim.split(made.stdout .. made.stderr, '\n'), 'lacuna://install')
    end
    vim.system({ pip, '-I', '-m', 'pip', 'install', '--upgrade', root .. '[cpu]' }, { text = true }, vim.schedule_wrap(function(done)
      if done.code ~= 0 then
        return say.page(vim.split(done.stdout .. done.stderr, '\n'), 'lacuna://install')
      end
      say.say('the server is installed.')
      server.restart()
    end))
  end))
end

local function show_status()
  local filetype = vim.bo.filetype
  local client = vim.lsp.get_clients({ bufnr = 0, name = 'lacuna' })[1]
  if not client then
    return say.warn(edits.why_not(0))
  end
  edits.run('lacuna.showStatus', {}, function()
    if not vim.list_contains(config.filetypes(), filetype) then
      say.say(('no suggestions in files of type %s; `:Lacuna toggle` turns them on.'):format(filetype))
    end
  end)
end

-- Name, what it does, the action with (words, options).
local actions = {
  { 'fill', 'fill all blanks together; with a range those in its lines', function(_, options)
    if options.range > 0 then
      edits.fill_lines(options.line1 - 1, options.line2 - 1)
    else
      edits.fill()
    end
  end },
  { 'here', "fill this line's blanks", function()
    local row = vim.api.nvim_win_get_cursor(0)[1] - 1
    edits.fill_lines(row, row)
  end },
  { 'selection', 'fill the selection as if it were a blank', function()
    edits.run('lacuna.fillSelections', { ranges = { edits.selection() } })
  end },
  { 'words', 'other words for the one at the cursor', edits.words },
  { 'rewrite', 'rewrite the selection, with a choice of answers; words that follow are kept', edits.rewrite },
  { 'improve', 'rewrite only what is odd in the selection', function()
    edits.run('lacuna.rewrite', { range = edits.selection(), strength = 0.2 })
  end },
  { 'before', 'write what leads to the text at the cursor', function()
    edits.run('lacuna.writeBefore', { range = edits.cursor() })
  end },
  { 'between', 'write what belongs between the texts around the cursor', function()
    edits.run('lacuna.writeBetween', { range = edits.cursor() })
  end },
  { 'word', "accept the suggestion's next word", function() require('lacuna.suggestion.accept').word() end },
  { 'line', "accept the suggestion's next line", function() require('lacuna.suggestion.accept').line() end },
  { 'toggle', 'suggestions on or off in files of this type', toggle },
  { 'on', 'suggestions on', all(true) },
  { 'off', 'suggestions off everywhere', all(false) },
  { 'proofread', 'marks at odd words on or off in files of this type', proofread },
  { 'status', 'how the server is, and what became of the suggestions', show_status },
  { 'doctor', 'what can run here, and why something does not', doctor },
  { 'restart', 'start the server again', server.restart },
  { 'install', 'install the server from this checkout', install },
  { 'log', "open the log of Neovim's language clients", function() vim.cmd.edit(vim.lsp.log.get_filename()) end },
}

local function explain()
  local filetype = vim.bo.filetype
  local running = vim.lsp.get_clients({ bufnr = 0, name = 'lacuna' })[1]
  local state = running and ('The server is %s here (file type %s).'):format(vim.g.lacuna_status or 'starting', filetype)
    or 'Not running here: ' .. edits.why_not(0)
  local lines = { state, 'Suggestions come in: ' .. table.concat(config.filetypes(), ', ') .. '.', '' }
  for _, action in ipairs(actions) do
    table.insert(lines, (':Lacuna %-10s %s'):format(action[1], action[2]))
  end
  vim.list_extend(lines, { '', ':help lacuna   :checkhealth lacuna' })
  say.window(lines, 'Lacuna')
end

--- What `:Lacuna` does.
---@param options vim.api.keyset.create_user_command.command_args
function M.run(options)
  local name = options.fargs[1]
  if not name then
    return explain()
  end
  for _, action in ipairs(actions) do
    if action[1] == name then
      return action[3](vim.list_slice(options.fargs, 2), options)
    end
  end
  say.error(('it knows no "%s"; `:Lacuna` lists what it knows.'):format(name))
end

--- Subcommands that begin with `lead`.
function M.complete(lead, line)
  if line:find('Lacuna%s+%S+%s') then
    return {}
  end
  local names = vim.tbl_map(function(action)
    return action[1]
  end, actions)
  return vim.tbl_filter(function(name)
    return vim.startswith(name, lead)
  end, names)
end

return M
