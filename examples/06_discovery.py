"""List the groups and resources of a server.   python examples/06_discovery.py"""

import asyncio

import kubeloop


async def main() -> None:
    async with kubeloop.DiscoveryClient(kubeloop.load_config()) as discovery:
        version = await discovery.server_version()
        print(f"Kubernetes {version.git_version}")

        groups, resources = await discovery.server_groups_and_resources()
        print(f"{len(groups)} groups, {len(resources)} group/versions")
        for found in resources:
            if found.group_version == "apps/v1":
                for resource in found.resources:
                    print(f"  {resource.name:<28}{','.join(resource.verbs)}")


if __name__ == "__main__":
    asyncio.run(main())
