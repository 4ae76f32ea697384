#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Completions in zsh and fish themselves; those of bash are in store.sh.
. "$(dirname "$0")/../support/lib.sh"

"$BOMBUS" completion zsh >_bombus
"$BOMBUS" completion fish >bombus.fish
if command -v zsh >/dev/null; then
	ok 'zsh: it can be read' zsh -n _bombus
	is 'zsh: it defines the completion' \
		"$(zsh -fc 'autoload -Uz compinit; compinit -u -D; source ./_bombus; whence -w _bombus')" \
		'_bombus: function'
	like 'zsh: colons and quotes of the help stay' "$(cat _bombus)" "FIELD\\\\:up\\\\: the smallest"
else
	skip zsh 'it is not installed'
fi
if command -v fish >/dev/null; then
	# offered WORDS: what fish offers behind them.
	offered() {
		fish -c "source bombus.fish; complete -C 'bombus $1'" | cut -f1 | tr '\n' ' '
	}
	is 'fish: the forms of -o' "$(offered 'run --output ')" 'csv json none table tui '
	is 'fish: and behind the letter' "$(offered 'run -o ')" 'csv json none table tui '
	is 'fish: forms of a list' "$(offered 'list --format ')" 'json table '
	like 'fish: quotes of the help stay' "$(cat bombus.fish)" "bombus replay\\\\'"
else
	skip fish 'it is not installed'
fi

done_testing
