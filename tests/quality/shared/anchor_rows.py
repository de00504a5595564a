"""PyOD and scikit-learn on the sets of clean_rows.py, where they are installed."""
import csv
import warnings

warnings.filterwarnings("ignore")


def pyod_scores(path, method):
    """Scores by the detector of that name with its defaults, on standardized columns; None = none."""
    try:
        import numpy
        from pyod.models.copod import COPOD
        from pyod.models.ecod import ECOD
        from pyod.models.hbos import HBOS
        from pyod.models.iforest import IForest
        from pyod.models.knn import KNN
        from pyod.models.lof import LOF
        from pyod.models.mcd import MCD
    except ImportError:
        return None
    models = {"forest": lambda: IForest(random_state=0), "knn": KNN, "lof": LOF, "ecod": ECOD,
              "copod": COPOD, "hbos": HBOS, "mcd": lambda: MCD(random_state=0)}
    with open(path, newline="", encoding="utf-8") as file:
        table = list(csv.reader(file))
    rows = numpy.array([[float(cell) for cell in row[:-1]] for row in table[1:]])
    spread = rows.std(0)
    rows = (rows - rows.mean(0)) / numpy.where(spread > 0, spread, 1)

    def score(name):
        model = models[name]()
        model.fit(rows)
        return model.decision_scores_

    if method != "ensemble":
        return list(score(method))
    ranks = [numpy.argsort(numpy.argsort(score(name))) for name in ("forest", "knn")]
    return list(sum(ranks))


def imputed(masked):
    """What each imputer makes of the rows; {} where scikit-learn is missing."""
    try:
        import numpy
        from sklearn.ensemble import RandomForestRegressor
        from sklearn.experimental import enable_iterative_imputer  # noqa: F401
        from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
    except ImportError:
        return {}
    rows = numpy.array(masked)
    mean, spread = numpy.nanmean(rows, 0), numpy.nanstd(rows, 0)
    forest = RandomForestRegressor(50, random_state=0)
    tools = {"mean": SimpleImputer(), "kNN": KNNImputer(), "ridge": IterativeImputer(random_state=0),
             "forest": IterativeImputer(forest, max_iter=3, random_state=0)}
    return {name: (tool.fit_transform((rows - mean) / spread) * spread + mean).tolist()
            for name, tool in tools.items()}
