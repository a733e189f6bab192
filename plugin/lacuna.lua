-- This repository is a plugin for Neovim too (vim.pack, lazy.nvim ...); the plugin itself is in editors/neovim.
local root = vim.fs.dirname(vim.fs.dirname(vim.fs.normalize(debug.getinfo(1, 'S').source:sub(2))))
vim.opt.runtimepath:append(root .. '/editors/neovim')
vim.cmd.source(vim.fn.fnameescape(root .. '/editors/neovim/plugin/lacuna.lua'))
