-- What ends in an edit: fill, rewrite, write before. The server makes the edit; a choice of answers is made here.

local config = require('lacuna.config')
local say = require('lacuna.say')

local M = {}

-- Answers to choose from: all of the selection written again, half of its words, a quarter (the oddest ones).
local VARIANTS = { {}, { strength = 0.5 }, { strength = 0.25 } }

--- The client of a buffer; without one the user is told why, with the file type and the way out.
---@param buffer integer
---@return vim.lsp.Client?
function M.client(buffer)
  local client = vim.lsp.get_clients({ bufnr = buffer, name = 'lacuna' })[1]
  if not client then
    say.warn(M.why_not(buffer))
  end
  return client
end

--- Why the server does not run in a buffer.
---@param buffer integer
function M.why_not(buffer)
  local state, filetype = vim.g.lacuna_status, vim.bo[buffer].filetype
  local enabled = vim.lsp.config.lacuna or { filetypes = {} }
  if state == 'missing' or state == 'stopped' then
    return vim.g.lacuna_message
  elseif vim.bo[buffer].buftype ~= '' then
    return ('this is not a file but a buffer of type "%s".'):format(vim.bo[buffer].buftype)
  elseif filetype == '' then
    return 'this buffer has no file type; `:set filetype=text` gives it one.'
  elseif not vim.list_contains(enabled.filetypes or {}, filetype) then
    return ('it does not run in files of type %s; setup({ filetypes = { %s } }) would have it here.'):format(
      filetype,
      vim.iter(vim.list_extend(vim.list_slice(config.filetypes()), { filetype })):map(vim.inspect):join(', ')
    )
  elseif state == nil then
    return "it is not enabled; require('lacuna').setup() does that."
  end
  return ('its server is starting for this file of type %s; a moment, please.'):format(filetype)
end

-- The parts of an edit that the user agrees to, where the server wants them asked ('confirmBelow').
local function confirmed(edits, notes)
  return vim.tbl_filter(function(one)
    local note = notes[one.annotationId]
    if not (note and note.needsConfirmation) then
      return true
    end
    local text = (one.newText or ''):gsub('\n', ' ⏎ ')
    return vim.fn.confirm(('%s: %s'):format(note.label, text), '&Accept\n&Reject', 1) == 1
  end, edits)
end

-- Neovim 0.12 lists the notes of an edit, which ends in "Press ENTER"; an edit of an older text it passes over silently.
local function apply(edit, client)
  for _, change in ipairs(edit.documentChanges or {}) do
    local document = change.textDocument
    if document and type(document.version) == 'number' then
      local now = vim.lsp.util.buf_versions[vim.uri_to_bufnr(document.uri)]
      if now and now ~= document.version then
        return false
      end
    end
    change.edits = change.edits and confirmed(change.edits, edit.changeAnnotations or {})
    for _, one in ipairs(change.edits or {}) do
      one.annotationId = nil
    end
  end
  edit.changeAnnotations = nil
  vim.lsp.util.apply_workspace_edit(edit, client.offset_encoding)
  return true
end

--- Handler of `workspace/applyEdit`.
function M.apply_edit(_, params, context)
  local client = assert(vim.lsp.get_client_by_id(context.client_id))
  local ok, applied = pcall(apply, params.edit, client)
  return { applied = ok and applied, failureReason = not ok and tostring(applied) or nil }
end

local function argument(buffer, more)
  return vim.tbl_extend('force', {
    uri = vim.uri_from_bufnr(buffer),
    version = vim.lsp.util.buf_versions[buffer],
  }, more)
end

--- Run a command of the server on the current buffer.
---@param command string
---@param more table
---@param on_answer? fun(result: any, client: vim.lsp.Client)
function M.run(command, more, on_answer)
  local buffer = vim.api.nvim_get_current_buf()
  local client = M.client(buffer)
  if not client then
    return
  end
  local call = { title = command, command = command, arguments = { argument(buffer, more) } }
  client:exec_cmd(call, { bufnr = buffer }, function(err, result)
    if err then
      say.error(err.message)
    elseif on_answer then
      on_answer(result, client)
    end
  end)
end

--- The place of the cursor, as the protocol has it.
function M.cursor()
  local client = M.client(0)
  return client and vim.lsp.util.make_range_params(0, client.offset_encoding).range
end

--- The last selection, or the selected lines.
function M.selection()
  local client = M.client(0)
  return client and vim.lsp.util.make_given_range_params(nil, nil, 0, client.offset_encoding).range
end

--- Fill all blanks together.
function M.fill()
  M.run('lacuna.fillBlanks', {})
end

--- Fill the blanks from line `first` to `last`, 0-based.
function M.fill_lines(first, last)
  local range = { start = { line = first, character = 0 }, ['end'] = { line = last + 1, character = 0 } }
  M.run('lacuna.fillBlanks', { range = range })
end

local function new_text(action)
  local changes = action and action.edit and action.edit.documentChanges
  local edit = changes and changes[1] and changes[1].edits[1]
  return edit and (edit.newText or edit.snippet and edit.snippet.value)
end

-- Several answers of a command, none of them applied: the edit of an unresolved code action is asked for.
local function answers(command, more, on_answers)
  local buffer = vim.api.nvim_get_current_buf()
  local client = M.client(buffer)
  if not client then
    return
  end
  local found, seen, left = {}, {}, #VARIANTS
  for number, variant in ipairs(VARIANTS) do
    local wanted = argument(buffer, vim.tbl_extend('force', more, variant))
    local action = { title = command, data = { command = command, argument = wanted } }
    client:request('codeAction/resolve', action, function(err, resolved)
      left = left - 1
      local text = not err and new_text(resolved)
      if text and not seen[text] then
        seen[text] = true
        table.insert(found, { number = number, text = text, edit = resolved.edit })
      end
      if left == 0 then
        table.sort(found, function(a, b)
          return a.number < b.number
        end)
        on_answers(found, client)
      end
    end, buffer)
  end
end

--- Write the selection again, around words that stay, and let the user choose between the answers.
---@param words string[]
function M.rewrite(words)
  local range = M.selection()
  if not range then
    return
  end
  answers('lacuna.rewrite', { range = range, keep = #words > 0 and words or nil }, function(found, client)
    local function choose(answer)
      if answer and not apply(answer.edit, client) then
        say.warn('the text changed in the meantime; ask again.')
      end
    end
    if #found < 2 then
      return choose(found[1]) -- without one the server has said why
    end
    vim.ui.select(found, {
      prompt = 'Instead of the selection:',
      kind = 'lacuna.rewrite',
      format_item = function(answer)
        local line = answer.text:gsub('\n', ' ⏎ ')
        return vim.fn.strcharpart(line, 0, math.max(20, vim.o.columns - 8))
      end,
    }, choose)
  end)
end

--- The same from a mapping of visual mode.
function M.rewrite_visual()
  vim.api.nvim_feedkeys(vim.keycode('<Esc>'), 'nx', false)
  M.rewrite({})
end

--- Let the user choose another word for the one at the cursor.
function M.words()
  local buffer, range = vim.api.nvim_get_current_buf(), M.cursor()
  if not range then
    return
  end
  M.run('lacuna.alternatives', { range = range }, function(found, client)
    if not found then
      return
    elseif #found.alternatives == 0 then
      return say.say(('no other word for "%s".'):format(found.word))
    end
    vim.ui.select(found.alternatives, { prompt = ('Instead of "%s":'):format(found.word) }, function(word)
      if word and vim.lsp.util.buf_versions[buffer] == found.version then
        vim.lsp.util.apply_text_edits({ { range = found.range, newText = word } }, buffer, client.offset_encoding)
      end
    end)
  end)
end

return M
