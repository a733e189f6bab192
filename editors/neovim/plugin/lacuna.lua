-- The command :Lacuna, the <Plug> maps and the highlight groups. Nothing of lua/lacuna is loaded before it is used.

if vim.g.loaded_lacuna then
  return
end
vim.g.loaded_lacuna = true

if vim.fn.has('nvim-0.11') == 0 then
  vim.api.nvim_create_user_command('Lacuna', function()
    vim.notify('Lacuna needs Neovim 0.11 or newer.', vim.log.levels.ERROR)
  end, { nargs = '*', range = true })
  return
end

vim.api.nvim_create_user_command('Lacuna', function(options)
  require('lacuna.commands').run(options)
end, {
  nargs = '*',
  range = true,
  complete = function(lead, line)
    return require('lacuna.commands').complete(lead, line)
  end,
  desc = 'Lacuna: fill blanks, rewrite, write before; without arguments: what it can do here',
})

local function plug(mode, name, module, action, description)
  vim.keymap.set(mode, ('<Plug>(lacuna-%s)'):format(name), function()
    require(module)[action]()
  end, { desc = 'Lacuna: ' .. description })
end

plug('i', 'accept', 'lacuna.suggestion.accept', 'all', 'accept the suggestion')
plug('i', 'accept-word', 'lacuna.suggestion.accept', 'word', 'accept the next word of the suggestion')
plug('i', 'accept-line', 'lacuna.suggestion.accept', 'line', 'accept the next line of the suggestion')
plug('i', 'dismiss', 'lacuna.suggestion.shown', 'dismiss', 'hide the suggestion')
plug('i', 'suggest', 'lacuna.suggestion.request', 'ask', 'ask for a suggestion here')
plug('i', 'next', 'lacuna.suggestion.request', 'next', 'show the next suggestion')
plug('i', 'previous', 'lacuna.suggestion.request', 'previous', 'show the previous suggestion')
plug({ 'n', 'x' }, 'fill', 'lacuna.edits', 'fill', 'fill all blanks together')
plug('x', 'rewrite', 'lacuna.edits', 'rewrite_visual', 'write the selection again, with a choice of answers')
plug('n', 'next-blank', 'lacuna.blanks', 'next', 'go to the next blank')

-- Between two colours, each 0xRRGGBB.
local function mixed(from, to, share)
  local colour = 0
  for _, shift in ipairs({ 16, 8, 0 }) do
    local a, b = bit.band(bit.rshift(from, shift), 255), bit.band(bit.rshift(to, shift), 255)
    colour = colour + bit.lshift(math.floor(a + (b - a) * share + 0.5), shift)
  end
  return colour
end

local function colours()
  local grey = vim.fn.hlexists('ComplHint') == 1 and 'ComplHint' or 'NonText'
  vim.api.nvim_set_hl(0, 'LacunaGhost', { link = grey, default = true })
  vim.api.nvim_set_hl(0, 'LacunaBlank', { link = 'Visual', default = true })
  -- A draft is the more solid, the surer the model is of it: LacunaDraft1 (hardly) to LacunaDraft4 (sure).
  local normal = vim.api.nvim_get_hl(0, { name = 'Normal' })
  local dark = vim.o.background == 'dark'
  local paper, ink = normal.bg or (dark and 0x000000 or 0xffffff), normal.fg or (dark and 0xffffff or 0x000000)
  for level = 1, 4 do
    local name, colour = 'LacunaDraft' .. level, mixed(paper, ink, 0.2 + 0.18 * level)
    vim.api.nvim_set_hl(0, name, { fg = colour, ctermfg = 'Grey', italic = true, default = true })
  end
end

local group = vim.api.nvim_create_augroup('lacuna.colours', {})
vim.api.nvim_create_autocmd('ColorScheme', { group = group, callback = colours })
colours()
