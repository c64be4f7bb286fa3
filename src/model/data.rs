use super::key::GroupKind;
use super::manifest::Manifest;
use hashbrown::HashSet;
use std::sync::LazyLock;

/// Kinds whose objects are data, or without which data is lost or out of reach: claims, volumes, and the resources by
/// which operators of databases, queues and storage, and controllers of cloud services, keep theirs.
///
/// Group, then kinds. A kind belongs here when deleting the object deletes data under the operator's own defaults or
/// under its most common settings, or takes the service down that answers for the data.
const KINDS: &[(&str, &[&str])] = &[
    ("", &["PersistentVolumeClaim"]),
    // Databases.
    ("acid.zalan.do", &["postgresql"]),
    ("cassandra.datastax.com", &["CassandraDatacenter"]),
    ("clickhouse-keeper.altinity.com", &["ClickHouseKeeperInstallation"]),
    ("clickhouse.altinity.com", &["ClickHouseInstallation"]),
    ("couchbase.com", &["CouchbaseBucket", "CouchbaseCluster"]),
    ("crdb.cockroachlabs.com", &["CrdbCluster"]),
    ("database.arangodb.com", &["ArangoDeployment"]),
    ("databases.spotahome.com", &["RedisFailover"]),
    ("dragonflydb.io", &["Dragonfly"]),
    ("elasticsearch.k8s.elastic.co", &["Elasticsearch"]),
    ("k8s.mariadb.com", &["Database", "MariaDB"]),
    ("k8ssandra.io", &["K8ssandraCluster"]),
    ("kubedb.com", &["Elasticsearch", "MariaDB", "MongoDB", "MySQL", "Postgres", "Redis"]),
    ("apps.kubeblocks.io", &["Cluster"]),
    ("mongodb.com", &["MongoDB", "MongoDBMultiCluster"]),
    ("mongodbcommunity.mongodb.com", &["MongoDBCommunity"]),
    ("mysql.oracle.com", &["InnoDBCluster"]),
    ("mysql.presslabs.org", &["MysqlCluster"]),
    ("opensearch.opster.io", &["OpenSearchCluster"]),
    ("operator.victoriametrics.com", &["VLCluster", "VLSingle", "VMCluster", "VMSingle"]),
    ("pgv2.percona.com", &["PerconaPGCluster"]),
    ("pingcap.com", &["TidbCluster"]),
    ("planetscale.com", &["VitessCluster"]),
    ("postgres-operator.crunchydata.com", &["PostgresCluster"]),
    ("postgresql.cnpg.io", &["Cluster", "Database"]),
    ("ps.percona.com", &["PerconaServerMySQL"]),
    ("psmdb.percona.com", &["PerconaServerMongoDB"]),
    ("pxc.percona.com", &["PerconaXtraDBCluster"]),
    ("redis.redis.opstreelabs.in", &["Redis", "RedisCluster", "RedisReplication"]),
    ("scylla.scylladb.com", &["ScyllaCluster"]),
    ("solr.apache.org", &["SolrCloud"]),
    ("stackgres.io", &["SGCluster"]),
    ("yugabyte.com", &["YBCluster"]),
    // Queues and coordination.
    ("etcd.database.coreos.com", &["EtcdCluster"]),
    ("jetstream.nats.io", &["KeyValue", "ObjectStore", "Stream"]),
    ("kafka.strimzi.io", &["Kafka", "KafkaNodePool", "KafkaTopic"]),
    ("rabbitmq.com", &["Queue", "RabbitmqCluster"]),
    ("zookeeper.pravega.io", &["ZookeeperCluster"]),
    // Storage and machines.
    ("cdi.kubevirt.io", &["DataVolume"]),
    ("ceph.rook.io", &["CephBlockPool", "CephCluster", "CephFilesystem", "CephObjectStore"]),
    ("cluster.x-k8s.io", &["Cluster"]),
    ("kubevirt.io", &["VirtualMachine"]),
    ("longhorn.io", &["Volume"]),
    ("minio.min.io", &["Tenant"]),
    ("objectbucket.io", &["ObjectBucketClaim"]),
    // Cloud services: Crossplane providers, Config Connector, AWS Controllers for Kubernetes.
    ("database.aws.crossplane.io", &["DynamoTable", "RDSInstance"]),
    ("database.gcp.crossplane.io", &["CloudSQLInstance"]),
    ("dbforpostgresql.azure.upbound.io", &["FlexibleServer", "FlexibleServerDatabase", "Server"]),
    ("dynamodb.aws.upbound.io", &["Table"]),
    ("dynamodb.services.k8s.aws", &["Table"]),
    ("efs.aws.upbound.io", &["FileSystem"]),
    ("rds.aws.crossplane.io", &["DBCluster", "DBInstance"]),
    ("rds.aws.upbound.io", &["Cluster", "ClusterInstance", "Instance"]),
    ("rds.services.k8s.aws", &["DBCluster", "DBInstance"]),
    ("s3.aws.crossplane.io", &["Bucket"]),
    ("s3.aws.upbound.io", &["Bucket"]),
    ("s3.services.k8s.aws", &["Bucket"]),
    ("sql.cnrm.cloud.google.com", &["SQLDatabase", "SQLInstance"]),
    ("sql.gcp.upbound.io", &["Database", "DatabaseInstance"]),
    ("storage.azure.upbound.io", &["Account", "Container"]),
    ("storage.cnrm.cloud.google.com", &["StorageBucket"]),
    ("storage.gcp.upbound.io", &["Bucket"]),
];

/// The same as pairs.
static OF_KINDS: LazyLock<HashSet<(&str, &str)>> = LazyLock::new(|| {
    KINDS.iter().flat_map(|(group, kinds)| kinds.iter().map(|kind| (*group, *kind))).collect()
});

/// Whether an object of this group holds data: one of the built-in kinds, one of `more`, a StatefulSet that has claim
/// templates, or a volume that is deleted with its object.
///
/// A StatefulSet without `volumeClaimTemplates` keeps nothing of its own; what is on a volume outlives the
/// PersistentVolume unless its reclaim policy is `Delete`.
pub fn holds_data(group: &str, manifest: &Manifest, more: &[GroupKind]) -> bool {
    let kind = manifest.kind();
    if more.iter().any(|own| *own.group == *group && *own.kind == *kind) {
        return true;
    }
    if (group, kind) == ("apps", "StatefulSet") {
        return manifest.node().at(&["spec", "volumeClaimTemplates"]).is_some_and(|list| !list.is_empty());
    }
    if (group, kind) == ("", "PersistentVolume") {
        let policy = manifest.node().at(&["spec", "persistentVolumeReclaimPolicy"]);
        return policy.and_then(|policy| policy.as_str()) == Some("Delete");
    }
    OF_KINDS.contains(&(group, kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::group_of;

    #[test]
    fn kinds() {
        let own = [GroupKind { group: "example.com".into(), kind: "Ledger".into() }];
        for (text, expected) in [
            ("{apiVersion: v1, kind: PersistentVolumeClaim}", true),
            ("{apiVersion: example.com/v1, kind: PersistentVolumeClaim}", false),
            (
                "{apiVersion: apps/v1, kind: StatefulSet, spec: {volumeClaimTemplates: [{metadata: {name: data}}]}}",
                true,
            ),
            ("{apiVersion: apps/v1, kind: StatefulSet, spec: {volumeClaimTemplates: []}}", false),
            ("{apiVersion: apps/v1, kind: StatefulSet}", false),
            ("{apiVersion: v1, kind: PersistentVolume, spec: {persistentVolumeReclaimPolicy: Delete}}", true),
            ("{apiVersion: v1, kind: PersistentVolume, spec: {}}", false),
            ("{apiVersion: postgresql.cnpg.io/v1, kind: Cluster}", true),
            ("{apiVersion: example.com/v1, kind: Cluster}", false),
            ("{apiVersion: example.com/v1, kind: Ledger}", true),
            ("{apiVersion: v1, kind: ConfigMap}", false),
        ] {
            let manifest = Manifest::parsed(text);
            assert_eq!(holds_data(group_of(manifest.api_version()), &manifest, &own), expected, "{text}");
        }
    }
}
