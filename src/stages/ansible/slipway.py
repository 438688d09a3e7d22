# Tells the course of a play in lines that slipway reads: marks where tasks begin and end, text for people between them.
# Copyright (C) the slipway authors
#
# This file imports Ansible and is licensed as it is, apart from the program that carries it: you can redistribute it
# and/or modify it under the terms of the GNU General Public License as published by the Free Software Foundation, either
# version 3 of the License, or (at your option) any later version. It is distributed in the hope that it will be useful,
# but WITHOUT ANY WARRANTY; without even the implied warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. See
# the GNU General Public License for more details: COPYING beside this file, or <https://www.gnu.org/licenses/>.
#
# SPDX-License-Identifier: GPL-3.0-or-later

import json
import re
import sys

from ansible import constants as C
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: slipway
type: stdout
short_description: output of a stage's tasks, with marks
description:
  - A task begins with a line C(TOKEN begin JSON) and ends with C(TOKEN end JSON); what is between them is its output.
options:
  token:
    description: A word that no output holds.
    required: true
    type: str
    ini:
      - section: callback_slipway
        key: token
"""

# Ansible points into its playbook, which nobody wrote: the mark of the task tells where it stands.
OWN_PLACE = re.compile(r"\s*The error appears to be in '/\.werf/.*", re.DOTALL)
MESSAGE_LIMIT = 4000
# What a failure holds besides what is told anyway, or what is nobody's concern.
NOT_TOLD = {
    'ansible_facts', 'ansible_loop_var', 'attempts', 'changed', 'cmd', 'delta', 'diff', 'end', 'exception', 'failed',
    'failed_when_result', 'invocation', 'item', 'module_stderr', 'module_stdout', 'msg', 'rc', 'results', 'retries', 'start', 'stderr',
    'stderr_lines', 'stdout', 'stdout_lines', 'warnings', 'deprecations',
}


def one_line(value):
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=to_text)


def is_rescued(task):
    """Is the task in a block, at any depth, whose `rescue` follows when it fails?"""
    inner, block = task, task._parent
    while block is not None:
        if getattr(block, 'rescue', None) and any(inner._uuid == each._uuid for each in block.block):
            return True
        inner, block = block, block._parent
    return False


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = 'stdout'
    CALLBACK_NAME = 'slipway'

    def __init__(self):
        super().__init__()
        self._failed_items = []
        self._has_items = False
        # Warnings are one line each: whoever shows them breaks lines.
        self._display.columns = 1 << 20

    # Lines.

    def _mark(self, word, **facts):
        self._display.display('%s %s %s' % (self.get_option('token'), word, json.dumps(facts, sort_keys=True)))
        sys.stdout.flush()

    def _say(self, text, color=None):
        text = to_text(text, errors='surrogate_or_replace').encode('utf-8', 'replace').decode('utf-8')
        for line in text.removesuffix('\n').split('\n'):
            self._display.display(line, color=color)
        sys.stdout.flush()

    def _say_details(self, task, result):
        """Output and whatever else of a result people want to see; not its message."""
        self._handle_warnings(result)
        if 'censored' in result:
            if not self._has_items:
                self._say('(hidden by no_log)')
        elif task.action in C._ACTION_DEBUG:
            if not result.get('failed'):
                self._say_debug(result)
        elif 'results' not in result:
            for stream in ('stdout', 'stderr', 'module_stdout', 'module_stderr'):
                if isinstance(result.get(stream), str) and result[stream]:
                    self._say(result[stream])
            if self._display.verbosity > 0:
                self._say(self._dump_results(result, indent=2))
        sys.stderr.flush()

    def _say_debug(self, result):
        shown = [result['msg']] if 'msg' in result else [
            {name: value} for name, value in result.items() if name not in NOT_TOLD and not name.startswith('_')
        ]
        for value in shown:
            self._say(value if isinstance(value, str) else json.dumps(
                value, ensure_ascii=False, indent=2, sort_keys=True, default=to_text))

    def _message(self, result):
        if 'censored' in result:
            return 'the output is hidden by no_log'
        told = result.get('msg') or ''
        if isinstance(told, (list, tuple)):
            told = ' '.join(one_line(each) for each in told)
        message = OWN_PLACE.sub('', one_line(told))
        if message.startswith('MODULE FAILURE'):
            why = to_text(result.get('exception') or result.get('module_stderr') or '').strip()
            message = 'the module stopped' + (': ' + why.split('\n')[-1] if why else '')
        status = result.get('rc')
        if message in ('', 'non-zero return code') and isinstance(status, int):
            message = 'exit status %d' % status
        return message or 'it failed without a message'

    def _say_failure(self, result, message):
        self._say('failed: ' + message, C.COLOR_ERROR)
        if 'censored' in result:
            return
        for name in sorted(set(result) - NOT_TOLD):
            value = result[name]
            if not name.startswith('_') and isinstance(value, (str, bool, int, float)) and value != '':
                self._say('%s: %s' % (name, one_line(value)))
        if 'exception' in result and self._display.verbosity > 2:
            self._say(result['exception'])

    # Tasks.

    def v2_playbook_on_task_start(self, task, is_conditional):
        if task.action in C._ACTION_META:
            return  # Of these no result is told.
        self._failed_items = []
        self._has_items = False
        path = task.get_path() or ''
        line = path.rsplit(':', 1)[-1]
        self._mark('begin', line=int(line) if line.isdigit() else 0, name=to_text(task.name or ''))

    def v2_playbook_on_handler_task_start(self, task):
        self.v2_playbook_on_task_start(task, False)

    def v2_runner_on_ok(self, result):
        told = result._result
        self._say_details(result._task, told)
        message = told.get('msg')
        is_told = 'results' in told or result._task.action in C._ACTION_DEBUG
        if isinstance(message, str) and message and not is_told:
            self._say(message)
        changed = bool(told.get('changed'))
        self._end('changed' if changed else 'ok', C.COLOR_CHANGED if changed else C.COLOR_OK)

    def v2_runner_on_skipped(self, result):
        told = result._result
        self._handle_warnings(told)
        reason = told.get('msg') or told.get('skipped_reason') or told.get('skip_reason') or ''
        condition = told.get('false_condition')
        if condition is not None:
            reason = 'not %s' % one_line(condition)
        elif reason == 'Conditional result was False':
            reason = 'its condition is false'
        self._end('skipped', C.COLOR_SKIP, ': ' + one_line(reason) if reason and 'results' not in told else '')

    def v2_runner_on_failed(self, result, ignore_errors=False):
        told = result._result
        self._say_details(result._task, told)
        message = self._message(told)
        if 'results' in told and self._failed_items:
            message = '; '.join(self._failed_items)
        self._say_failure(told, message)
        state = 'ignored' if ignore_errors else 'rescued' if is_rescued(result._task) else 'failed'
        if state == 'failed':
            self._mark('end', state=state, message=message[:MESSAGE_LIMIT])
        else:
            self._end(state, C.COLOR_SKIP)

    def v2_runner_on_unreachable(self, result):
        self.v2_runner_on_failed(result, bool(result._task.ignore_unreachable))

    def _end(self, state, color, more=''):
        self._say(state + more, color)
        self._mark('end', state=state)

    # Items of a loop, and attempts.

    def _item(self, result):
        label = self._get_item_label(result._result)
        return '(hidden by no_log)' if label is None and 'censored' in result._result else one_line(label)

    def v2_runner_item_on_ok(self, result):
        changed = bool(result._result.get('changed'))
        self._say('%s: %s' % (self._item(result), 'changed' if changed else 'ok'),
                  C.COLOR_CHANGED if changed else C.COLOR_OK)
        self._say_item(result)

    def v2_runner_item_on_skipped(self, result):
        self._say('%s: skipped' % self._item(result), C.COLOR_SKIP)

    def v2_runner_item_on_failed(self, result):
        message = self._message(result._result)
        self._say('%s:' % self._item(result))
        self._say_item(result)
        self._say_failure(result._result, message)
        self._failed_items.append('%s: %s' % (self._item(result), message))

    def _say_item(self, result):
        self._has_items = True
        self._say_details(result._task, result._result)

    def v2_runner_retry(self, result):
        told = result._result
        self._say('%s; attempt %s of %s' % (self._message(told), told.get('attempts'), told.get('retries')),
                  C.COLOR_SKIP)

    def v2_runner_on_async_poll(self, result):
        self._say('still running', C.COLOR_SKIP)
