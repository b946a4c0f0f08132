"""What people write into records: notes, tasks, places. All of it fiction."""

from cadre.contracts.selection.identification import Occasion
from cadre.contracts.training.posting import PostingKind

OBSERVED = {
    Occasion.PARTY_EDUCATION: ("机关党委", "学习笔记扎实，交流发言联系实际"),
    Occasion.INSPECTION: ("区委巡察组", "配合巡察主动，问题整改到位"),
    Occasion.ANNUAL_ASSESSMENT: ("考核组", "述职实事求是，群众评价好"),
    Occasion.TERM_ASSESSMENT: ("考核组", "任期目标推进有序"),
    Occasion.THEMATIC_TRAINING: ("区委党校", "研讨中观点清楚，善于归纳"),
    Occasion.MAJOR_SURVEY: ("区委督查室", "调研数据翔实，建议可行"),
    Occasion.PROJECT: ("项目指挥部", "征迁难点面前敢于承担"),
    Occasion.INVESTMENT: ("招商专班", "对接企业耐心细致，促成签约"),
    Occasion.RURAL_REVITALISATION: ("驻村工作队", "吃住在村，村民认可"),
    Occasion.GRASSROOTS: ("街道党工委", "处理纠纷有方法、有分寸"),
}
"""For each occasion who observed, and what."""

POSTED = {
    PostingKind.VILLAGE_TEAM: ("松岭镇坪上村", "驻村帮扶、巩固脱贫成果"),
    PostingKind.SECONDMENT: ("宁州市发展和改革委员会", "挂职锻炼、参与规划编制"),
    PostingKind.FRONTLINE: ("城北工业园项目指挥部", "项目一线征迁协调"),
    PostingKind.GRASSROOTS: ("白石镇人民政府", "蹲苗锻炼、联系三个村"),
    PostingKind.INVESTMENT: ("东南沿海招商联络处", "驻点招商"),
    PostingKind.ATTACHMENT: ("宁州市审计局", "跟班学习"),
    PostingKind.ROTATION: ("区政务服务中心", "窗口轮岗"),
    PostingKind.TASK_FORCE: ("防汛抗旱专班", "专班值守"),
}
"""For each kind of posting where to, and for what."""

MENTOR_TASKS = ("带读政策文件", "带走村入户", "带写调研材料")
ONLINE_COURSES = ("党的创新理论专题", "公文写作", "依法行政", "数字政府建设")
MERITS = ("重大项目按期开工", "信访积案化解", "防汛抢险", "招商签约落地", "文明创建")
FAILURES = ("重点任务逾期未完成", "专项整治排名靠后")
SIGNS = ("群众反映服务态度问题", "三次会议无故迟到", "报销手续不规范", "工作群回复不及时")
CARE = ("家属生病，了解困难并协调", "任务繁重，关心身心状况", "新到岗位，了解适应情况")
