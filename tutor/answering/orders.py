"""What orders to a tutor look like, in Chinese and English and a little in other languages: patterns with their reasons.

Patterns see folded text (lower case, Simplified). Data for `screening`; knows nothing of how they are used.
"""

from __future__ import annotations

import re

_OWN = (
    r"(?:your|the|its|these|those|all|any|my|exact|hidden|original|initial|entire|full|complete|previous|prior|above"
    r"|secret|internal|system|developer|whole|first|current|own)"
)
_SECRET_EN = (
    rf"(?:(?:system|initial|hidden|original|starting|base|secret|meta|pre)[ -_]?(?:prompts?|instructions?|messages?)"
    rf"|(?:your|hidden|original|initial|internal|secret|previous|prior|exact|confidential"
    rf"|underlying) (?:{_OWN} )*(?:prompts?|instructions?|rules|guidelines|directives?|configuration|programming"
    rf"|guardrails)"
    r"|(?:prompts?|instructions?|rules|messages?) (?:that )?(?:you|above|before|were|was|given|at the (?:start|top"
    r"|beginning))|(?:text|words?|lines?|content|everything|sentences?|message|paragraph)s? (?:that (?:is|are"
    r"|comes?) )?(?:above|before (?:this|the)|preceding)"
    r"|your (?:unique )?(?:id|key|token|secret|password|credentials?|api[ -]?keys?)\b|(?:api[ -]?key|password"
    r"|secrets?|credentials?|environment variables?) (?:of (?:this|the|your)|you (?:have|use|know))"
    r"|(?:private|secret|hidden|admin|confidential|internal) (?:\w+ )?(?:key|data|pages?|password|code|info\w*"
    r"|notes?)|beginning of (?:this|the|our) (?:conversation|chat)|system_?prompt)"
)
_TELL_EN = (
    r"(?:reveal|show|print|repeat|output|display|tell|give|write|dump|expose|leak|share|recite|disclose|spell|render"
    r"|return|echo|cat|log|list"
    r"|summari[sz]e|translate|encode|copy|paste|share|send|provide|quote|spill|export|read (?:out|back|me)|convert"
    r"|paraphrase|rephrase|state|extract|complete|include|embed|append)"
)
_SECRET_ZH = (
    r"(?:系统(?:的)?(?:提示词?|指令|讯息|消息|信息|设定|设置|prompt|message)|system ?prompt|(?:你|您)(?:的|被给予的"
    r"|收到的|得到的|背后的)?(?:所有|全部|完整|原始|最初|初始|内部|隐藏|秘密)*(?:的)?(?:提示词?|指令|指示|设定|设置"
    r"|规则|准则|守则|说明|prompt|配置|密码|密钥|金钥|api ?key)"
    r"|(?:初始|原始|最初|隐藏|内部|秘密|开发者)(?:的)?(?:提示词?|指令|指示|设定|设置|规则|说明|prompt|配置|讯息"
    r"|消息)|(?:上面|前面|以上|上方|之前|上述)(?:的|所有|全部)*(?:提示词?|指令|指示|文字|内容|说明|规则|设定"
    r"|所有内容)"
    r"|api ?key|密钥|金钥|密码|环境变[数量]|配置文件|对话(?:的)?(?:最)?开头)"
)
_TELL_ZH = (
    r"(?:告诉|显示|输出|列出|重复|复述|复诵|印出|打印|说出|讲出|透露|泄露|公开"
    r"|给我|贴出|贴上|翻译|背出|原样|逐字|一字不漏|写出|分享|导出"
    r"|提供|总结|摘要|编码|展示|念出|读出|交出|吐出|导出|揭露|转成|转换|改写|回答|附上|放进)"
)
_START = (
    r"(?:^|[.!?;:,\n\"“”*\-—>|)(]\s*|\b(?:please|must|should|to|and|then|now|you|i|will|also|just|simply|first"
    r"|immediately|kindly|let'?s)\s+)"
)
_ROLES_WANTED = (
    r"(?:interviewer|tutor|teacher|coach|examiner|mentor|friendly|candidate|student|beginner|recruiter|hiring)"
)
_ROLES_WANTED_ZH = r"(?:面试官|主考官|老师|导师|教练|助教|考官|面试者|学生|初学者|新手|工程师|研究员|主管|产品经理)"

# (reason, pattern). The reason is what a flag says.
ATTACKS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.MULTILINE))
    for kind, pattern in (
        (
            "asks for the instructions",
            rf"\b{_TELL_EN}(?:s|d|ing|ting|ped|ping)?\b(?! (?:how|why|whether|about))[^.!?\n]{{0,70}}?\b{_SECRET_EN}"
            rf"|\b(?:what|which) (?:is|are|were|was|do|did"
            rf"|does)\b[^.!?\n]{{0,25}}?\byour (?:{_OWN} )*(?:system )?(?:prompts?|instructions?|rules|guidelines"
            rf"|configuration|api[ -]?keys?|password|secrets?)"
            rf"|\bwhat (?:instructions|rules|prompts?)\b[^.!?\n]{{0,25}}\b(?:you|given)\b|console\.log"
            rf"|system_?prompt\s*[)=;]|\b(?:initial|exact|original) (?:initial |system )?prompt you were|\b(?:are"
            rf"|were) you (?:not )?(?:supposed|allowed|told|instructed|forbidden) (?:not )?to\b"
            rf"|\bi was (?:instructed|told) to\b|\binitiali[sz]ation (?:string|prompt|message)",
        ),
        (
            "asks for the instructions",
            rf"{_TELL_ZH}[^。！？!?\n]{{0,24}}?{_SECRET_ZH}|{_SECRET_ZH}[^。！？!?\n]{{0,10}}?(?:{_TELL_ZH}|是什么"
            rf"|是啥|有哪些|有什么|写了什么|内容为何)"
            r"|(?:你|您)(?:的)?(?:第一句|第一条|最前面)[^。！？!?\n]{0,8}(?:是什么|指令|提示)|(?:你"
            r"|您)(?:被)?(?:要求|指示|设定|告知)(?:了)?(?:遵守)?(?:什么|哪些)",
        ),
        (
            "orders to ignore the rules",
            rf"{_START}(?:completely |totally |simply )?(?:ignore|disregard|forget|override|overrule|bypass|neglect"
            rf"|discard|abandon|drop|(?:do not|don'?t|stop|never) (?:follow|obey|apply)\w*|stop following)\b"
            r"[^.!?\n]{0,50}?\b(?:instructions?|prompts?|rules?|guidelines?|directions?|directives?|constraints?"
            r"|restrictions?|safety|filters?|guardrails?|programming|policies|policy|training|(?:content "
            r"|usage )?polic(?:y|ies)|everything (?:above|before|you|so far)|(?:the |all (?:of )?the )?(?:above"
            r"|preceding)\b(?! \w+ (?:question|error|typo))|all (?:previous|prior)|what (?:you|i) (?:were|was|said))"
            r"|\b(?:new|updated|revised|real|actual|true) (?:instructions?|task|system prompt|rules?|directives?"
            r"|objective)s? (?:is|are|follow|to|below|:)|your new (?:task|instructions?|role|job|goal|rules?)"
            r"|(?:previous|prior|above|old) instructions? (?:is|are|were) (?:void|cancel|revoked|no longer|outdated"
            r"|obsolete)",
        ),
        (
            "orders to ignore the rules",
            r"(?:忽略|无视|忽视|忘记|忘掉|不要理会|不用管|不必理会|别管|别理|跳过|覆盖|抛弃|放弃|绕过|不要遵守"
            r"|不用遵守|停止遵守|取消|解除|撤销|作废)(?!了)"
            r"[^。！？!?\n]{0,16}?(?:指令|指示|提示词?|规则|规定|限制|要求|prompt|instruction|设定|设置|约束|准则"
            r"|守则|以上(?:的)?(?:所有|一切)?内容|(?:之前|前面|上面)(?:的)?(?:所有|一切|内容|话|对话|说的))"
            r"|(?:新的?|最新)(?:的)?(?:指令|任务|系统提示|规则)(?:是|如下|[:：])|(?:指令|规则|限制|设定)(?:已|都"
            r"|全部)?(?:作废|失效|取消|解除|不再有效|更新为)",
        ),
        (
            "another role",
            rf"\byou(?: are|'re) (?:now|no longer|going to be|actually)\b(?! (?:able|allowed|ready|my |an? "
            rf"|the )?\W?{_ROLES_WANTED})|\bdo anything now\b|\bdan\b[, ](?:mode|a |an )|\b(?:developer|dev|debug"
            rf"|god|admin|maintenance|sudo|root|jailbreak|unrestricted|test|opposite|evil) mode\b"
            rf"|\b(?:pretend|imagine|act|behave|roleplay|role-play|respond|speak|answer|talk)(?: as| like| to be"
            rf"| that you| you)[^.!?\n]{{0,60}}?(?:without (?:any )?(?:limit|restrict|rule|filter|censor)"
            rf"|no (?:limit|restrict|rule|filter)|unrestricted|uncensored|unfiltered|evil|admin|root|hacker|jailbr"
            rf"|a pirate|grandm|not an? (?:ai|tutor|assistant)|another (?:ai|assistant|model)|dan\b)"
            r"|\bfrom now on,?\s+you\b|\b(?:without|have no|has no|with no|free (?:of|from)) (?:any |all )?(?:limits"
            r"|limitations|restrictions|filters|rules|guidelines|safety|censorship)\b|\bjailbroken\b"
            r"|\bjailbreak mode|\bexempt from\b|\bpermission to (?:skip|ignore|bypass)|\bno (?:content )?polic(?:y"
            r"|ies)\b|\bi am (?:your|the) (?:developer|creator|admin|administrator|owner|engineer)"
            r"|unlimited capabilities|answer everything|answer any question"
            r"|\benter (?:\w+ ){0,2}mode\b|\bsimulat\w+ (?:a |an )?(?:terminal|shell|linux|unrestricted|ai )",
        ),
        (
            "another role",
            rf"(?:从现在(?:开始|起)?|现在|接下来)?[，,]?(?:你|您)(?:现在|已经)?(?:不再是|不是一个?(?:助|老师|家教"
            rf"|ai)|将成为|变成了?)|你(?:现在|已经)是(?!.{{0,10}}{_ROLES_WANTED_ZH})|(?:^\W*|请|你|您"
            rf"|[，,。:]\s*)(?:要|来|必须|得|现在|改|就)*(?:扮演"
            rf"|假装(?:你)?是)(?!.{{0,12}}{_ROLES_WANTED_ZH})[^。！？!?\n]{{1,30}}|(?:进入|启用|开启|切换(?:到|成"
            rf"|为)?|启动)[^。！？!?\n]{{0,10}}(?:模式|mode)"
            r"|(?:开发者|管理员|维护|上帝|越狱|调试|自由|无限制|最高权限|超级用户)(?:的)?(?:模式|权限|身份|账号"
            r"|帐号)|(?:进入|完成|执行|成功|你已经?|你被)越狱|越狱(?:后的|版)|不受(?:任何|一切|所有)?(?:的)?(?:限制"
            r"|约束|规范)|没有(?:任何|一切|所有)(?:的)?(?:限制|规则|约束|道德)|我(?:就)?是(?:你的)?(?:开发者|管理员"
            r"|创造者|系统管理|主人|工程团队|openai|作者本人)|do anything now|\bdan\b",
        ),
        (
            "pretends to be the system",
            r"<\|/?(?:im_start|im_end|system|endoftext|eot|assistant|user|start_header)|\[/?inst\]|<</?sys>>"
            r"|^\W{0,6}(?:system|assistant|developer|admin|root)(?! cause)(?: \w+)?\s*[\]:：>]|^#{1,4}\s*(?:system"
            r"|instructions?|assistant|new)\b|</?(?:资料|data|system|instructions?|context|document|passage|user"
            r"|question|admin|prompt)>"
            r"|\b(?:begin|start|end) (?:of )?(?:the )?(?:admin|system|prompt|context|document|data|instructions?"
            r"|user|input|session)\b|\bsystem (?:override|notice|update|alert|message)\b|\bnote (?:to|for"
            r"|from) (?:the )?(?:self|ai|llm|assistants?|models?|agents?|developers?)|\bif you are an? (?:ai|llm"
            r"|language model|assistant)|<think|\breasoning(?: trace)? \(assistant"
            r"|^\W{0,4}(?:系统|管理员|开发者|助理|助手|官方)(?:讯息|消息|信息|提示|公告|指令|通知|更新|覆写"
            r"|警告)?\s*[\]】]?\s*[:：]|(?:文件|资料|对话|使用者输入|用户输入|上下文)(?:到此结束|已?结束\W*$)"
            r"|以下(?:是|为)(?:新的)?(?:系统|管理员|开发者)",
        ),
        (
            "dictates the reply",
            r"\b(?:say|output|print|write|type|respond with|reply with|answer with|repeat|return|begin with"
            r"|start with|end with)\b[^.!?\n]{0,40}?(?:[\"“'‘「][^\"”'’」\n]{1,80}[\"”'’」]|\b(?:[a-z]+-)*(?:canary"
            r"|pwned|hacked|owned)[\w-]*)(?! (?:mean|do|work|refer|in))"
            r"|\b(?:your|the|each|every|any|this) (?:final |next |entire |whole )?(?:answer|response|reply|output"
            r"|message|sentence|summary)(?:'s|s)?\b[^.!?\n]{0,40}?\b(?:in|into|to|using|with|as) (?:a "
            r"|an )?(?:base ?\d\d|rot ?13|hex|morse|caesar|cipher|reverse|binary|emoji|french|german|spanish"
            r"|portuguese|russian|korean|arabic|latin|klingon)|\bemojis?\b[^.!?\n]{0,30}\b(?:your|the) (?:answer"
            r"|response|reply)|\bexact(?:ly)? (?:token|phrase|string|words?)\b|\b(?:append|output|outputting"
            r"|confirm\w*|repl(?:y|ies)|respond\w*|repeat)\b[^.!?\n]{0,60}?(?:canary|\btoken\b)"
            r"|\bin every (?:future )?(?:reply|response|answer)|\b(?:encode|encrypt|reverse|scramble|rot13"
            r"|obfuscate) (?:your|the|every|each|all) (?:\w+ )?(?:answer|response|reply|output|text|words?)"
            r"|\b(?:include|integrate|insert|add|append|embed|mention|promote|advertise|incorporate|recommend|place"
            r"|attach|slip)\b[^.!?\n]{0,60}?\b(?:in|into|to|at the end of|at the (?:end|start|beginning)|within"
            r"|after) (?:of )?(?:your|the|each|every|all) (?:\w+ )?(?:answer|response|reply|output|summary|message)"
            r"|\b(?:include|integrate|insert|add) (?:a|an|the|one|this)\b[^.!?\n]{0,40}\b(?:sentence|link|ad\b"
            r"|advert\w*|announcement|promotion|slogan|discount|offer|image)\b[^.!?\n]{0,60}"
            r"|\b(?:end|begin|start|finish|sign|close) (?:your|each|every|all|the) (?:\w+ )?(?:answer|response"
            r"|reply|sentence|message)s? (?:with|by)\b|\btranslate (?:your|the|this) (?:answer|response|reply"
            r"|output)[^.!?\n]{0,30}(?:french|german|spanish|russian|korean|arabic|latin|klingon|pirate)",
        ),
        (
            "dictates the reply",
            r"回答(?:之)?前[^。！？!?\n]{0,8}(?:说|讲|喊|加上)|(?:只|仅|直接|一律|必须|都|请)(?:能|要|需|须)?(?:回答|回复|回应|输出|说|回|印出"
            r"|打印)[^。！？!?\n]{0,6}[「『\"“'][^」』\"”'\n]{1,60}[」』\"”']|(?:回答|回复|回应|答案|输出"
            r"|每(?:一)?(?:句|段))(?:的)?(?:话)?(?:最后|结尾|末尾|开头|前面|后面|中|里|之后|之前|都)?(?:一定|必须|都"
            r"|要|请)*(?:加上|附上|插入|放入|放上|嵌入|写上|提到|推荐|宣传|加入|带上|贴上)"
            r"|(?:把|将|用)[^。！？!?\n]{0,14}(?:base ?64|rot ?13|摩斯|凯撒|倒[著着过]|反[著着过转]|密码|暗号"
            r"|十六进[制位]|二进[制位])[^。！？!?\n]{0,10}(?:回答|回复|输出|编码|写|表示|告诉)|(?:答案|回答|回复"
            r"|输出)[^。！？!?\n]{0,8}(?:base ?64|rot ?13|摩斯|凯撒|倒过来|反过来|逆序|十六进)|(?:以|用)(?:法|德|俄"
            r"|韩|西班牙|阿拉伯|拉丁)(?:国)?(?:文|语)(?:回答|输出|复述)",
        ),
        (
            "wants no sources",
            r"\b(?:without|don'?t|do not|no need (?:to|for)|never|skip|omit|stop|drop|remove"
            r"|leave out)\b[^.!?\n]{0,20}?\b(?:cit(?:e|es|ing|ations?)|sources?|references?|question numbers?)\b"
            r"|\b(?:from|use|using) your (?:own|general|training) (?:knowledge|memory|data)|\b(?:don'?t|do not"
            r"|without|instead of) (?:use|using|rely\w*|look\w*|check\w*|read\w*"
            r"|consult\w*)[^.!?\n]{0,16}\b(?:document|passages?|sources?|evidence)"
            r"|(?:不要|不用|别|不必|无需|不需要|省略|拿掉|去掉|跳过)(?:再)?(?:附|标|列|写|给|加|放|显示|查|看|管"
            r"|依据|根据|参考|引用)*(?:上|出|任何|注)?(?:引用|来源|出处|题号|文件|资料|参考|根据)|(?:用"
            r"|凭)(?:你)?自己的(?:知识|记忆|常识|训练)",
        ),
        (
            "brings outside content",
            r"!\[[^\]\n]*\]\s*\(|<\s*(?:img|script|iframe|svg|object|embed|link|style|form|a|video|audio|meta"
            r"|base)\b[^>]*|javascript:|data:text/html|\bon(?:error|load|click|mouseover)\s*="
            r"|\b(?:render|embed|insert|include|display|load|fetch|send|e-?mail|post|append|exfiltrat\w*|forward"
            r"|upload|transmit|submit)\b[^\n]{0,80}?(?:https?://|www\.|\b[\w.-]+@[\w-]+\.\w)|(?:插入|嵌入|显示|加上"
            r"|附上|载入|加载|读取|传送|发送|送到|上传|转寄|寄到|放上|贴上|渲染)[^\n]{0,40}?(?:https?://|www\."
            r"|[\w.-]+@[\w-]+\.\w)",
        ),
        (
            "asks to decode and obey",
            r"\b(?:decode|decrypt|decipher|translate|reverse|unscramble)\b[^\n]{0,90}?\b(?:execute|follow|obey"
            r"|do (?:exactly )?what|run|carry out|comply|act on|perform|respond to it|answer it)|(?:解码(?!器)|解密"
            r"|译码|还原|翻译|转换)[^。\n]{0,40}?(?:执行|照做|照着做|照办|遵守|遵循|按照|回应)",
        ),
        (
            "orders to ignore the rules",
            r"\b(?:ignorier\w*|vergiss|vergessen sie|missachte)\b[^.!?\n]{0,40}(?:anweisung|regeln|instruktion"
            r"|vorgaben)|\b(?:ignora|olvida|omite|descarta)\w*\b[^.!?\n]{0,40}(?:instruccion|reglas|indicacion"
            r"|anterior(?:es)? (?:ordenes|órdenes))|\b(?:ignorez|oubliez|ignore"
            r"|oublie)\b[^.!?\n]{0,40}(?:instructions|consignes|règles|regles)"
            r"|\b(?:ignora|dimentica|tralascia)\w*\b[^.!?\n]{0,40}(?:istruzioni|regole|indicazioni)|\b(?:ignore"
            r"|esqueça|esqueca|desconsidere)\b[^.!?\n]{0,40}(?:instruções|instrucoes|regras)|(?:игнорируй|забудь"
            r"|игнорир)[^.!?\n]{0,40}(?:инструкц|правил|указан)|(?:指示|命令|ルール"
            r"|プロンプト)[^。\n]{0,6}を?(?:無視|无视|忘れ)|(?:지시|명령|규칙|프롬프트)[^.\n]{0,8}(?:무시|잊)"
            r"|\b(?:shfaq|trego|injoro|harro)\w*\b[^.!?\n]{0,60}(?:udhëzim|udhezim|prompt|sistem)|\b(?:bonisa"
            r"|khombisa|ungayinaki|khohlwa)\w*\b[^.!?\n]{0,80}|\b(?:zeig|nenn|gib|verrate"
            r"|wiederhole)\w*\b[^.!?\n]{0,40}(?:system-?prompt|anweisungen|systemnachricht)|\b(?:muestra|revela"
            r"|dime|repite|mostra|rivela|dimmi|ripeti|montre|révèle|revele|répète|donne"
            r"|affiche)\w*\b[^.!?\n]{0,40}(?:prompt|instruccion|istruzioni|instructions|consignes|sistema)",
        ),
    )
)
