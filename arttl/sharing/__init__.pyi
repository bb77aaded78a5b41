from arttl.sharing.classifier import Classifier as Classifier
from arttl.sharing.classifier import load_classifier as load_classifier
from arttl.sharing.export import export_run as export_run
