"""Whether a service lives, whether it can be used, and its figures."""

from importlib.metadata import version

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from cadre.shared.running.runtime import Runtime
from cadre.shared.serving.metrics import Metrics
from cadre.shared.showing.service import Service
from cadre.shared.upkeep.vitals import Vitals


def version_of(service: Service) -> str:
    """The version of the service's distribution."""
    return version(f"cadre-{service.name}")


def told(vitals: Vitals) -> list[dict[str, object]]:
    """The faults as health and `cadre doctor` show them."""
    return [
        {
            "name": fault.name,
            "detail": fault.detail,
            "hint": fault.hint,
            "stops": fault.stops.name.lower(),
            "age_s": round(fault.age_s, 1),
        }
        for fault in vitals.faults
    ]


def router(service: Service, metrics: Metrics) -> APIRouter:
    """``/health/live``, ``/health/ready`` and ``/metrics``."""
    routes = APIRouter(tags=["operations"])

    @routes.get("/health/live", summary="进程有应答 · The process answers")
    async def live() -> dict[str, str]:
        return {"service": service.name, "status": "alive"}

    @routes.get(
        "/health/ready",
        summary="事件日志和数据库可写，后台任务正常 · "
        "Log and databases take writes, the runner moves",
    )
    async def ready(request: Request, response: Response) -> dict[str, object]:
        runtime: Runtime | None = getattr(request.app.state, "runtime", None)
        vitals: Vitals = request.app.state.vitals
        ready = runtime is not None and vitals.ready
        if not ready:
            response.status_code = 503
        return {
            "service": service.name,
            "version": version_of(service),
            "status": "ready" if ready else "not ready",
            "position": runtime.projector.position if runtime else 0,
            "faults": told(vitals),
        }

    @routes.get("/metrics", summary="Prometheus 指标 · Prometheus figures", include_in_schema=False)
    async def figures(request: Request) -> Response:
        runtime: Runtime | None = getattr(request.app.state, "runtime", None)
        await metrics.observe(request.app.state.vitals, runtime)
        return Response(metrics.render(), media_type=CONTENT_TYPE_LATEST)

    return routes
