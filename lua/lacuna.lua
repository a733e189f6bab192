-- For plugin managers that install the whole repository: the module is in editors/neovim.
local root = vim.fs.dirname(vim.fs.dirname(vim.fs.normalize(debug.getinfo(1, 'S').source:sub(2))))
vim.opt.runtimepath:append(root .. '/editors/neovim')
return dofile(root .. '/editors/neovim/lua/lacuna/init.lua')
