"""What Training can do, a line for each mechanism and each view beside it."""

from cadre.shared.deciding.capability import Capability
from cadre.shared.showing.view import View
from cadre.training.deciding import mentorship, posting, record, task, training_class
from cadre.training.showing import classes, duties, mentorships, postings, trainees, trainings

CAPABILITIES: tuple[Capability | View, ...] = (
    training_class.CAPABILITY,
    classes.VIEW,
    record.CAPABILITY,
    trainings.VIEW,
    task.CAPABILITY,
    trainees.VIEW,
    duties.VIEW,
    posting.CAPABILITY,
    postings.VIEW,
    mentorship.CAPABILITY,
    mentorships.VIEW,
)
