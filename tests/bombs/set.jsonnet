function(number) {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'ApplicationSet',
  metadata: { name: 'set-' + number, namespace: 'argocd' },
  spec: {
    generators: [{ list: { elements: [{ number: number + 'x' }] } }],
    template: {
      metadata: { name: 'app-{{number}}' },
      spec: {
        project: 'default',
        source: {
          repoURL: 'https://git.example/org/gitops.git',
          path: 'next',
          directory: { jsonnet: { tlas: [{ name: 'number', value: '{{number}}' }] } },
        },
        destination: { name: 'in-cluster', namespace: 'argocd' },
      },
    },
  },
}
