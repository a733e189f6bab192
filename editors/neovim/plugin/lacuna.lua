-- :Lacuna fill | here | selection | words | rewrite [WORD ...] | improve | before | between | proofread | word | line | toggle
-- | status | doctor
-- rewrite and improve work on the selected lines or the last selection; the words after rewrite are kept.

if vim.g.loaded_lacuna then
  return
end
vim.g.loaded_lacuna = true

local function client_of(buffer)
  local client = vim.lsp.get_clients({ bufnr = buffer, name = 'lacuna' })[1]
  if not client then
    vim.notify("Lacuna is not running in this buffer; try vim.lsp.enable('lacuna').", vim.log.levels.WARN)
  end
  return client
end

local function run(command, argument, on_answer)
  local buffer = vim.api.nvim_get_current_buf()
  local client = client_of(buffer)
  if client then
    argument.uri = vim.uri_from_bufnr(buffer)
    argument.version = vim.lsp.util.buf_versions[buffer]
    client:exec_cmd({ title = command, command = command, arguments = { argument } }, { bufnr = buffer }, on_answer)
  end
end

local function selection()
  local client = client_of(0)
  return client and vim.lsp.util.make_given_range_params(nil, nil, 0, client.offset_encoding).range
end

local function cursor()
  local client = client_of(0)
  return client and vim.lsp.util.make_range_params(0, client.offset_encoding).range
end

-- Take the first part of the suggestion that matches `pattern`; typing along keeps the rest on show.
local function accept(pattern)
  return vim.lsp.inline_completion.get({
    on_accept = function(item)
      local text = type(item.insert_text) == 'string' and item.insert_text or item.insert_text.value
      local column = vim.api.nvim_win_get_cursor(0)[2]
      local typed = vim.api.nvim_get_current_line():sub(1, column)
      if vim.startswith(text, typed) then
        local part = text:sub(#typed + 1):match(pattern)
        if part then
          vim.api.nvim_put(vim.split(part, '\n'), 'c', false, true)
        end
      end
    end,
  })
end

local actions = {
  fill = function()
    run('lacuna.fillBlanks', {})
  end,
  here = function()
    local row = vim.api.nvim_win_get_cursor(0)[1] - 1
    run('lacuna.fillBlanks', {
      range = { start = { line = row, character = 0 }, ['end'] = { line = row + 1, character = 0 } },
    })
  end,
  selection = function()
    run('lacuna.fillSelections', { ranges = { selection() } })
  end,
  words = function()
    local buffer = vim.api.nvim_get_current_buf()
    run('lacuna.alternatives', { range = cursor() }, function(_, found)
      if not found or #found.alternatives == 0 then
        return
      end
      vim.ui.select(found.alternatives, { prompt = 'Instead of ' .. found.word .. ':' }, function(word)
        if word and vim.lsp.util.buf_versions[buffer] == found.version then
          local edit = { range = found.range, newText = word }
          vim.lsp.util.apply_text_edits({ edit }, buffer, client_of(buffer).offset_encoding)
        end
      end)
    end)
  end,
  rewrite = function(words)
    run('lacuna.rewrite', { range = selection(), keep = #words > 0 and words or nil })
  end,
  improve = function()
    run('lacuna.rewrite', { range = selection(), strength = 0.2 })
  end,
  before = function()
    run('lacuna.writeBefore', { range = cursor() })
  end,
  between = function()
    run('lacuna.writeBetween', { range = cursor() })
  end,
  proofread = function()
    local shown = not vim.b.lacuna_unread
    vim.b.lacuna_unread = shown
    for _, namespace in ipairs({ true, false }) do
      local client = client_of(0)
      if client then
        vim.diagnostic.enable(not shown, { bufnr = 0, ns_id = vim.lsp.diagnostic.get_namespace(client.id, namespace) })
      end
    end
    vim.notify('Lacuna marks ' .. (shown and 'nothing' or 'odd words') .. ' here.')
  end,
  status = function()
    run('lacuna.showStatus', {})
  end,
  word = function()
    accept('^%s*[%w_]+')
  end,
  line = function()
    accept('^[^\n]+')
  end,
  toggle = function()
    local on = not vim.lsp.inline_completion.is_enabled({ bufnr = 0 })
    vim.lsp.inline_completion.enable(on, { bufnr = 0 })
    vim.notify('Lacuna suggestions are ' .. (on and 'on' or 'off') .. ' here.')
  end,
  doctor = function()
    local command = vim.g.lacuna_command or { 'lacuna', 'lsp' }
    local asked = vim.list_slice(command, 1, #command - 1)
    vim.list_extend(asked, { 'doctor' })
    vim.system(asked, { text = true }, function(result)
      vim.schedule(function()
        vim.notify(result.stdout .. result.stderr)
      end)
    end)
  end,
}

vim.api.nvim_create_user_command('Lacuna', function(options)
  local name = options.fargs[1]
  if not actions[name] then
    vim.notify('Lacuna knows ' .. table.concat(vim.tbl_keys(actions), ', ') .. '.', vim.log.levels.ERROR)
    return
  end
  actions[name](vim.list_slice(options.fargs, 2))
end, {
  nargs = '+',
  range = true,
  complete = function(lead)
    return vim.tbl_filter(function(name)
      return vim.startswith(name, lead)
    end, vim.tbl_keys(actions))
  end,
  desc = 'Lacuna: fill blanks, rewrite, write before, accept parts of a suggestion',
})
