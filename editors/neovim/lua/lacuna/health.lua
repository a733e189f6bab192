-- :checkhealth lacuna

local M = {}

local function mapped()
  local found = {}
  for _, one in ipairs(vim.api.nvim_get_keymap('i')) do
    local description = one.desc or ''
    if not vim.startswith(one.lhs, '<Plug>') and (description:find('^Lacuna: ') or (one.rhs or ''):find('lacuna')) then
      table.insert(found, one.lhs .. ' (' .. (description ~= '' and description:gsub('^Lacuna: ', '') or one.rhs) .. ')')
    end
  end
  return found
end

local function server_of(health, config, server)
  local command, origin = server.command()
  if not command then
    health.error('The server was not found.', { server.missing() })
    return
  end
  health.ok(('The server is `%s` (from %s).'):format(table.concat(command, ' '), origin))
  local asked = vim.list_extend(vim.list_slice(command, 1, #command - 1), { 'doctor' })
  local ran, result = pcall(function()
    return vim.system(asked, { text = true }):wait(30000)
  end)
  if ran and result.code == 0 then
    health.ok('`lacuna doctor` says:\n' .. vim.trim(result.stdout))
  else
    local said = ran and vim.trim(result.stdout .. result.stderr) or tostring(result)
    health.error('`' .. table.concat(asked, ' ') .. '` failed; it may be another program of that name.\n' .. said, {
      'Install the server with `:Lacuna install`, or name it in setup({ command = { ... } }).',
    })
  end
end

--- What `:checkhealth lacuna` shows.
function M.check()
  local health = vim.health
  health.start('lacuna')
  if vim.fn.has('nvim-0.11') == 0 then
    health.error('Neovim 0.11 or newer is needed; this is ' .. tostring(vim.version()) .. '.')
    return
  end
  health.ok('Neovim ' .. tostring(vim.version()))
  local config, server = require('lacuna.config'), require('lacuna.server')
  server_of(health, config, server)
  if not vim.lsp.is_enabled or vim.lsp.is_enabled('lacuna') then
    health.ok('Enabled. Suggestions come in files of type ' .. table.concat(config.filetypes(), ', ') .. '.')
  else
    health.error('Not enabled.', { "Put require('lacuna').setup() into your configuration." })
  end
  local clients = vim.lsp.get_clients({ name = 'lacuna' })
  for _, client in ipairs(clients) do
    local folders = vim.tbl_map(function(folder)
      return folder.name
    end, client.workspace_folders or {})
    local buffers = vim.tbl_count(client.attached_buffers)
    health.info(('Running for %d buffers; folders: %s.'):format(buffers, #folders > 0 and table.concat(folders, ', ') or 'none'))
  end
  local state, message = vim.g.lacuna_status or 'not started', vim.g.lacuna_message or ''
  local line = ('State: %s%s'):format(state, message ~= '' and ', ' .. message or '')
  if state == 'error' or state == 'stopped' or state == 'missing' then
    health.error(line, { '`:Lacuna restart`' })
  else
    health.info(line)
  end
  local keys = mapped()
  if #keys > 0 then
    health.ok('Keys: ' .. table.concat(keys, ', '))
  else
    health.warn('No key accepts a suggestion.', { "setup({ keys = { accept = '<Tab>' } })" })
  end
end

return M
