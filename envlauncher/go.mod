module piggysec.com/envlauncher

go 1.26
